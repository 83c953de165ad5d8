/** From the files a trainer left to what the task store keeps: artifacts, models, report. */
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { storeBlob } from '../src/application/store-blob.ts'
import type { Model } from '../src/domain/model.ts'
import type { BlobStore, Identifiers, StoredBlob } from '../src/domain/ports.ts'
import type { Report } from '../src/domain/report/report.ts'
import type {
  Artifact,
  ClaimedTask,
  DeliveredModel,
  ReusableOutcome,
  TaskOutcome,
  TaskWarning,
} from '../src/domain/task.ts'
import { taughtBy } from '../src/domain/teacher-models.ts'
import { trainedNetwork } from '../src/domain/trained-network.ts'
import type { Arm, ModelRole } from '../src/domain/words.ts'
import { OUTPUT_FILES, type OutputFile, type TaskResult } from './trainer-contract.ts'

const store = (blobs: BlobStore, file: string): Promise<StoredBlob> =>
  storeBlob(blobs, createReadStream(file, { highWaterMark: 1 << 20 }))

const ROLES: Readonly<Record<Arm, ModelRole>> = {
  teacher: 'teacher',
  member: 'member',
  assistant: 'assistant',
  distilled: 'student',
  control: 'student',
}

function deliveredModel(
  claimed: ClaimedTask,
  result: TaskResult,
  stored: ReadonlyMap<OutputFile, StoredBlob>,
  delivered: readonly DeliveredModel[],
  id: string,
): Omit<Model, 'createdAt'>[] {
  const safetensors = stored.get('safetensors')
  // Weights of a fold are kept for other tasks of the job only.
  if (!safetensors || claimed.fold !== null) return []
  const { job, arm, index } = claimed
  const { network } = trainedNetwork(job, claimed)
  if (arm === null) throw new Error(`${claimed.key} has no arm`)
  const role = ROLES[arm]
  const which = index === null || index === undefined ? role : `${role} ${index}`
  const tfjs = stored.get('tfjs')
  return [
    {
      id,
      name: `${job.name ?? job.dataset.name} ${which}`,
      source: 'job',
      form: {
        kind: 'network',
        network,
        normalization: result.normalization,
        weightsSha256: safetensors.sha256,
      },
      classes: job.dataset.classNames.length,
      classNames: job.dataset.classNames,
      files: { safetensors, ...(tfjs ? { tfjs } : {}) },
      lineage: {
        jobId: claimed.jobId,
        role,
        index: index ?? 0,
        taughtBy: taughtBy(job, claimed, delivered),
      },
    },
  ]
}

/** What a client should know of a task that succeeded all the same. */
export function warningsOf({ execution }: TaskResult): TaskWarning[] {
  if (!execution?.isFallback) return []
  return [
    {
      code: 'trained-eagerly',
      message: `the training could not be compiled and ran operation by operation, which is slower; its numbers are right. Reason: ${execution.reason}`,
    },
  ]
}

/** Of a task that an earlier one has done already. */
export async function takenOver(
  claimed: ClaimedTask,
  reuseKey: string,
  earlier: ReusableOutcome,
  delivered: readonly DeliveredModel[],
  blobs: BlobStore,
  ids: Identifiers,
): Promise<TaskOutcome> {
  const stored = new Map<OutputFile, StoredBlob>()
  for (const { name, sha256 } of earlier.artifacts) {
    const blob = await blobs.find(sha256)
    if (blob) stored.set(name as OutputFile, blob)
  }
  const result = earlier.result as unknown as TaskResult
  return {
    reuseKey,
    reusedTaskId: earlier.taskId,
    result: { ...earlier.result, reusedFrom: { jobId: earlier.jobId, task: earlier.key } },
    artifacts: earlier.artifacts,
    models: deliveredModel(claimed, result, stored, delivered, ids.create('mdl')),
    report: null,
    warnings: warningsOf(result),
  }
}

export async function collectOutcome(
  claimed: ClaimedTask,
  reuseKey: string | null,
  result: TaskResult,
  directory: string,
  delivered: readonly DeliveredModel[],
  blobs: BlobStore,
  ids: Identifiers,
): Promise<TaskOutcome> {
  const stored = new Map<OutputFile, StoredBlob>()
  for (const name of result.files)
    if (name !== 'report')
      stored.set(name, await store(blobs, path.join(directory, OUTPUT_FILES[name])))
  const artifacts: Artifact[] = [...stored].map(([name, { sha256 }]) => ({ name, sha256 }))
  const report = result.files.includes('report')
    ? (JSON.parse(await readFile(path.join(directory, OUTPUT_FILES.report), 'utf8')) as Report)
    : null
  const { files: _, ...measured } = result
  return {
    reuseKey,
    reusedTaskId: null,
    // Null says that it was looked for.
    result: reuseKey === null ? measured : { ...measured, reusedFrom: null },
    artifacts,
    models: deliveredModel(claimed, result, stored, delivered, ids.create('mdl')),
    report,
    warnings: warningsOf(result),
  }
}
