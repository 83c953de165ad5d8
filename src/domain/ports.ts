/**
 * What the use cases and the worker ask of the outside, with the guarantees they rely on.
 * Expected outcomes are values; a rejected promise means the outside failed.
 */
import type { Dataset } from './dataset.ts'
import type { PlannedTask } from './job-plan.ts'
import type { Model, Precision, WeightFormat } from './model.ts'
import type { Report } from './report/report.ts'
import type { ResolvedJob } from './resolved-job.ts'
import type {
  ClaimedTask,
  DeliveredModel,
  EpochRow,
  Failure,
  JobEvent,
  JobView,
  ReusableOutcome,
  TaskOutcome,
  TaskProgress,
} from './task.ts'
import type { JobStatus } from './words.ts'

export interface BlobWriter {
  /** Resolves when the bytes are stored: await it, and memory stays bounded. */
  write(chunk: Uint8Array): Promise<void>
  /** Makes the bytes visible under their hash. Equal bytes that were there already are kept once. */
  finish(): Promise<StoredBlob>
  /** Forgets what was written. Harmless after `finish`. */
  abort(): Promise<void>
}

export interface StoredBlob {
  /** Lower-case hex. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** Bytes by their SHA-256. A blob is visible only when it is complete. */
export interface BlobStore {
  open(): Promise<BlobWriter>
  find(sha256: string): Promise<StoredBlob | null>
  /** Streams `[start, end)` in small pieces. */
  read(sha256: string, range?: { start: number; end: number }): AsyncIterable<Uint8Array>
  /** Deletes what nothing refers to and is older than an hour; returns how many blobs. */
  collectGarbage(): Promise<number>
}

export interface PageRequest {
  readonly limit: number
  /** Id of the last row of the page before. */
  readonly after: string | null
}

export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next: string | null
}

export type Removal =
  | { readonly kind: 'removed' }
  | { readonly kind: 'not-found' }
  /** Ids of jobs that have not ended and need it. */
  | { readonly kind: 'in-use'; readonly jobs: readonly string[] }

export interface DatasetStore {
  /** An id that exists is left as it is. */
  create(dataset: Dataset): Promise<void>
  get(id: string): Promise<Dataset | null>
  list(page: PageRequest): Promise<Page<Dataset>>
  remove(id: string): Promise<Removal>
}

export interface ModelStore {
  create(model: Model): Promise<void>
  get(id: string): Promise<Model | null>
  list(page: PageRequest): Promise<Page<Model>>
  remove(id: string): Promise<Removal>
  /** A file that was made of the model before, besides those in `files`. */
  exported(id: string, format: WeightFormat, precision: Precision): Promise<StoredBlob | null>
  /** Keeps the blob as long as the model. Harmless when it is kept already, and when the model is gone. */
  keepExport(
    id: string,
    format: WeightFormat,
    precision: Precision,
    blob: StoredBlob,
  ): Promise<void>
}

export interface Submission {
  readonly id: string
  readonly spec: unknown
  readonly resolved: ResolvedJob
  readonly plan: readonly PlannedTask[]
  readonly idempotency: { readonly key: string; readonly bodySha256: string } | null
}

export interface JobFilter {
  readonly statuses: readonly JobStatus[]
  readonly datasetId: string | null
  readonly name: string | null
}

export interface JobStore {
  /** One transaction: the job, its tasks, its key and its first event. Committed means accepted. */
  submit(
    submission: Submission,
  ): Promise<
    | { readonly kind: 'created' }
    | { readonly kind: 'replayed'; readonly id: string }
    | { readonly kind: 'key-reused' }
  >
  findByIdempotencyKey(key: string): Promise<{ id: string; bodySha256: string } | null>
  get(id: string): Promise<JobView | null>
  list(filter: JobFilter, page: PageRequest): Promise<Page<JobView>>
  countWaiting(): Promise<number>
  report(id: string): Promise<Report | null>
  events(id: string, after: number, limit: number): Promise<readonly JobEvent[]>
  metrics(id: string): Promise<readonly EpochRow[]>
  /** What waits is cancelled at once; what runs is told to stop, and the job is `cancelling` until it has. */
  cancel(id: string): Promise<'not-found' | 'already-terminal' | 'accepted'>
  /** Only jobs that have ended; their models stay. */
  remove(id: string): Promise<'not-found' | 'not-terminal' | 'removed'>
}

export interface EpochPoint {
  readonly epoch: number
  readonly [name: string]: unknown
}

/** A worker's view. Writes are conditional on `(id, attempt)` and a live claim; `lost` means: stop, someone else has it. */
export interface TaskStore {
  /** Null when the task is not ready (taken, done, cancelled): not an error, queue jobs may come twice. */
  claim(id: string, workerId: string, leaseMs: number): Promise<ClaimedTask | null>
  /** Renews the lease. `stop`: the job was cancelled or has failed elsewhere. */
  heartbeat(
    task: ClaimedTask,
    leaseMs: number,
    progress: TaskProgress | null,
  ): Promise<'held' | 'stop' | 'lost'>
  /** Adds points to the learning curve of the attempt; a lost claim adds nothing. */
  recordEpochs(task: ClaimedTask, points: readonly EpochPoint[]): Promise<void>
  /** A task that succeeded under this key and whose artifacts are still there. */
  reusable(key: string): Promise<ReusableOutcome | null>
  /**
   * One transaction: result, artifacts, models, dependants; with the report the job succeeds. Rejects when the artifacts
   * belong to another task and that one has been deleted meanwhile.
   */
  finish(task: ClaimedTask, outcome: TaskOutcome): Promise<'finished' | 'stopped' | 'lost'>
  /** Decides by the class of the failure and by how often it happened whether the task is tried again or the job fails. */
  fail(task: ClaimedTask, failure: Failure): Promise<'retried' | 'failed' | 'lost'>
  /** The trainer is gone because the job was stopped. */
  confirmStopped(task: ClaimedTask): Promise<void>
  /** Gives an unfinished task back, as when the worker shuts down; counts as nothing. */
  release(task: ClaimedTask): Promise<void>
  /** Models that the job has delivered so far. */
  models(jobId: string): Promise<readonly DeliveredModel[]>
  /** Files left by the tasks of a job that have succeeded. */
  artifacts(jobId: string): Promise<readonly { taskKey: string; name: string; sha256: string }[]>
}

export interface DispatchStore {
  /** Marks up to `window` ready tasks as dispatched, oldest job first, and returns their queue entries. */
  takeReady(window: number): Promise<readonly QueueEntry[]>
  /** Ready tasks that were dispatched at least `olderThanMs` ago and not claimed since. */
  dispatchedLongAgo(olderThanMs: number): Promise<readonly QueueEntry[]>
  /** Takes the mark back: they will be dispatched again. */
  undispatch(taskIds: readonly string[]): Promise<void>
  /** Claims whose lease ran out: made ready again, or failed when it happened too often, or stopped with their job. */
  recoverExpired(): Promise<number>
  /** Runs `work` if no other process is at it; false when one is. */
  exclusively(work: () => Promise<void>): Promise<boolean>
}

export interface QueueEntry {
  readonly taskId: string
  readonly attempt: number
}

/** Carries task ids. It may lose them, and may deliver one twice. */
export interface TaskQueue {
  add(entries: readonly QueueEntry[]): Promise<void>
  /** Those that the queue does not know, or no longer. */
  missing(entries: readonly QueueEntry[]): Promise<readonly QueueEntry[]>
}

export interface WorkerRegistry {
  beat(worker: { id: string; hostname: string; pid: number; slots: number }): Promise<void>
  leave(id: string): Promise<void>
  /** Slots of all workers that were seen in the last `withinMs`. */
  liveSlots(withinMs: number): Promise<number>
}

export interface Identifiers {
  /** Prefix and a UUIDv7: sorts by time. */
  create(prefix: 'job' | 'ds' | 'mdl'): string
}

/** A plot to be drawn, and in words for those who do not see it. */
export interface Drawing {
  readonly title: string
  readonly description: string
  /** Vega-Lite, with its data inside. */
  readonly spec: object
}

export interface PlotRenderer {
  /** SVG documents in the order of the drawings. */
  render(drawings: readonly Drawing[]): Promise<readonly string[]>
}
