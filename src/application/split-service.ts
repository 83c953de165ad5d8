/** Which rows a job holds out and which it sets aside: known as soon as the job is, because it follows from its spec. */
import { setImmediate } from 'node:timers/promises'
import { repeatsOf } from '../domain/evaluation.ts'
import { planJob } from '../domain/job-plan.ts'
import type { BlobStore, JobStore } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import type { ResolvedJob } from '../domain/resolved-job.ts'
import { trainedNetwork } from '../domain/trained-network.ts'
import { omittedClasses } from '../domain/transfer.ts'
import { knowsLabels } from '../domain/words.ts'
import { validationRoleOf } from '../splits/roles.ts'
import { rowsOfTraining } from '../splits/rows-of-training.ts'
import { foldOfRow, NEVER_HELD_OUT, splitSha256 } from '../splits/split.ts'
import { readWhole } from './read-blob.ts'

/** Lines that are handed over at a time. */
const LINES_AT_ONCE = 8192

interface Ports {
  readonly jobs: Pick<JobStore, 'get'>
  readonly blobs: Pick<BlobStore, 'find' | 'read'>
}

interface Cut {
  readonly job: ResolvedJob
  readonly labels: Int32Array
  readonly groups: Int32Array | null
}

/** Folds of all rows, repeat by repeat; other requests have their turn in between. */
async function* foldsOfRows({ job, labels, groups }: Cut): AsyncGenerator<Uint32Array> {
  const { split } = job.evaluation
  for (let repeat = 0; repeat < Math.max(1, repeatsOf(split)); repeat++) {
    yield foldOfRow(split, labels, groups, repeat)
    await setImmediate()
  }
}

async function* toCsv(cut: Cut): AsyncGenerator<string> {
  yield 'repeat,row,fold\n'
  let repeat = 0
  for await (const folds of foldsOfRows(cut)) {
    for (let start = 0; start < folds.length; start += LINES_AT_ONCE) {
      let text = ''
      for (const [index, fold] of folds.subarray(start, start + LINES_AT_ONCE).entries())
        text += `${repeat},${start + index},${fold === NEVER_HELD_OUT ? '' : fold}\n`
      yield text
    }
    repeat++
  }
}

/** Of every training that sets rows aside. Control and distilled set the same ones aside and are named once. */
function* rowsSetAside({ job, labels, groups }: Cut) {
  const { dataset, evaluation, transfer, seed } = job
  const of = evaluation.innerFolds ?? 0
  for (const { kind, innerFold, ...place } of planJob(job)) {
    const { arm, index, fold } = place
    if (kind !== 'train' || arm === null || arm === 'control') continue
    const { validationFraction } = trainedNetwork(job, place).training
    if (validationFraction === null) continue
    const role = validationRoleOf({ arm, ...(typeof index === 'number' ? { index } : {}) })
    const labelledFraction = knowsLabels(arm) ? 1 : transfer.labelledFraction
    const { validation, unused } = rowsOfTraining(
      {
        split: evaluation.split,
        fold,
        role,
        seed,
        validationFraction,
        labelledFraction,
        omittedClasses: knowsLabels(arm) ? [] : omittedClasses(transfer, dataset.classNames),
        ...(innerFold === undefined ? {} : { innerFold: { index: innerFold, of } }),
      },
      labels,
      groups,
    )
    yield {
      role,
      fold,
      innerFold: innerFold ?? null,
      validation: [...validation],
      unused: [...unused],
    }
  }
}

async function* toJson(cut: Cut): AsyncGenerator<string> {
  const { job, labels, groups } = cut
  const { split } = job.evaluation
  const head = { split, rows: labels.length, splitSha256: splitSha256(split, labels, groups) }
  yield `${JSON.stringify(head).slice(0, -1)},"foldOfRow":[`
  let separator = ''
  for await (const folds of foldsOfRows(cut)) {
    yield separator
    yield JSON.stringify(Array.from(folds, (fold) => (fold === NEVER_HELD_OUT ? null : fold)))
    separator = ','
  }
  yield '],"setAside":['
  separator = ''
  for (const training of rowsSetAside(cut)) {
    yield separator + JSON.stringify(training)
    separator = ','
    await setImmediate()
  }
  yield ']}\n'
}

export type SplitService = ReturnType<typeof createSplitService>

export function createSplitService({ jobs, blobs }: Ports) {
  async function read(sha256: string, rows: number): Promise<Int32Array> {
    if (!(await blobs.find(sha256)))
      throw new Problem(
        'never-ready',
        'The dataset of the job was deleted, and the split follows from its labels.',
      )
    return new Int32Array((await readWhole(blobs.read(sha256), 4 * rows)).buffer)
  }

  return {
    /** @throws Problem before the first piece, when there is no such job or its split cannot be made */
    async write(id: string, format: 'csv' | 'json'): Promise<AsyncIterable<string>> {
      const found = await jobs.get(id)
      if (!found) throw new Problem('job-not-found', `There is no job ${id}.`)
      const { resolved: job } = found
      const { rows, labelsSha256, groups } = job.dataset
      const cut: Cut = {
        job,
        labels: await read(labelsSha256, rows),
        groups: job.evaluation.split.grouped && groups ? await read(groups.sha256, rows) : null,
      }
      try {
        foldOfRow(job.evaluation.split, cut.labels, cut.groups)
        rowsSetAside(cut).next()
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        throw new Problem('never-ready', `The rows cannot be cut as asked: ${error.message}.`)
      }
      return format === 'csv' ? toCsv(cut) : toJson(cut)
    },
  }
}
