/** Runs the tasks of a job in this process, on files: what workers do, without queue and database. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Dataset } from '../../src/domain/dataset.ts'
import { planJob } from '../../src/domain/job-plan.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import { buildTask } from '../../workers/build-task.ts'
import type { EarlierFile } from '../../workers/earlier-files.ts'
import { executeTask } from '../../workers/execute-task.ts'
import { OUTPUT_FILES } from '../../workers/trainer-contract.ts'
import { dataset, references, resolved, spec } from './specs.ts'

export interface LocalRows {
  readonly shape: readonly number[]
  readonly classes: number
  /** `[rows, ...shape]`. */
  readonly features: Float32Array
  readonly labels: Int32Array
  readonly groups?: Int32Array
}

/** A dataset whose blobs are named by their paths. */
function onDisk({ shape, classes, features, labels, groups }: LocalRows, folder: string): Dataset {
  const put = (name: string, values: Float32Array | Int32Array): string => {
    writeFileSync(path.join(folder, name), values)
    return path.join(folder, name)
  }
  const counts = Array.from({ length: classes }, (_, label) =>
    labels.reduce((count, one) => count + (one === label ? 1 : 0), 0),
  )
  return dataset({
    rows: labels.length,
    inputShape: [...shape],
    classNames: counts.map((_, label) => `c${label}`),
    classCounts: counts,
    featuresSha256: put('features', features),
    labelsSha256: put('labels', labels),
    ...(groups
      ? {
          groups: {
            column: 'group',
            count: new Set(groups).size,
            largest: 1,
            ofClass: counts.map(() => new Set(groups).size),
          },
          groupsSha256: put('groups', groups),
        }
      : {}),
  })
}

export interface LocalJob extends Disposable {
  /** Runs every task of the plan whose key is wanted; those that they wait for must be wanted too. */
  run(wanted?: (key: string) => boolean): Promise<void>
  /** Stands in for a task that is not run: the file that it would leave. */
  give(key: string, name: keyof typeof OUTPUT_FILES, content: Uint8Array | string): void
  /** Bytes of a file that a task left; students leave their weights, also of folds. */
  file(key: string, name: keyof typeof OUTPUT_FILES): Buffer
}

export function localJob(rows: LocalRows, changes: Partial<JobSpec>): LocalJob {
  const folder = mkdtempSync(path.join(tmpdir(), 'job-'))
  const job = resolved(spec(changes), references({ dataset: onDisk(rows, folder) }))
  const earlier: EarlierFile[] = []
  return {
    async run(wanted = () => true) {
      for (const { key, kind, arm, fold } of planJob(job).filter((task) => wanted(task.key))) {
        const outputDirectory = mkdtempSync(path.join(folder, 'out-'))
        const claimed = { id: key, attempt: 1, jobId: 'job_test', key, kind, arm, fold, job }
        const task = buildTask(claimed, { earlier, fileOf: (name) => name, outputDirectory })
        const { files } = await executeTask(
          task.kind === 'train' && arm !== 'teacher' ? { ...task, keepWeights: true } : task,
          { onProgress: () => {}, onEpoch: () => {} },
          new AbortController().signal,
        )
        for (const name of files)
          earlier.push({
            taskKey: key,
            name,
            sha256: path.join(outputDirectory, OUTPUT_FILES[name]),
          })
      }
    },
    give(taskKey, name, content) {
      const sha256 = path.join(mkdtempSync(path.join(folder, 'given-')), OUTPUT_FILES[name])
      writeFileSync(sha256, content)
      earlier.push({ taskKey, name, sha256 })
    },
    file(key, name) {
      const found = earlier.find((one) => one.taskKey === key && one.name === name)
      if (!found) throw new Error(`${key} left no ${name}`)
      return readFileSync(found.sha256)
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
