/**
 * A job as server-sent events: what happened, in order and resumable, and progress as it changes. Events come from
 * Postgres and carry their number as `id`, so a client that was cut off goes on with `Last-Event-ID` and misses nothing.
 */
import { setTimeout } from 'node:timers/promises'
import type { JobService } from '../application/job-service.ts'
import { isTerminal } from '../domain/job-lifecycle.ts'
import { jobPhase, jobProgress } from '../domain/progress.ts'

/** Between two looks at the database. */
const LOOK_MS = 500
/** A comment is sent after this long without anything else, so that proxies keep the connection. */
const HEARTBEAT_MS = 15_000
const EVENTS_PER_LOOK = 200

const message = (event: string, data: unknown, id?: number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/**
 * Ends after `end` when the job has ended, or when `signal` aborts.
 * @param after number of the last event that the client has
 */
export async function* jobEventStream(
  jobs: Pick<JobService, 'get' | 'events'>,
  id: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let last = after
  let shown = ''
  let silentSince = performance.now()
  yield `retry: ${2 * LOOK_MS}\n\n`
  while (!signal.aborted) {
    // The job first: events that are written after this look are not older than the state it showed.
    const job = await jobs.get(id)
    const events = await jobs.events(id, last, EVENTS_PER_LOOK)
    for (const { sequence, type, data, at } of events) {
      yield message(type, { at: at.toISOString(), ...(data as object) }, sequence)
      last = sequence
    }
    const progress = message('progress', {
      status: job.status,
      phase: jobPhase(job),
      ...jobProgress(job, new Date()),
    })
    if (progress !== shown) yield progress
    if (events.length > 0 || progress !== shown) silentSince = performance.now()
    shown = progress
    if (isTerminal(job.status) && events.length === 0) {
      yield message('end', { status: job.status })
      return
    }
    if (performance.now() - silentSince > HEARTBEAT_MS) {
      yield ': still here\n\n'
      silentSince = performance.now()
    }
    // Aborted: the loop ends.
    if (!isTerminal(job.status)) await setTimeout(LOOK_MS, undefined, { signal }).catch(() => {})
  }
}
