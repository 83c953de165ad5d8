/**
 * A trainer must not outlive its supervisor. While TensorFlow computes, the main thread sees neither signals nor a closed
 * channel, so a second thread watches the parent's process id: it changes when the parent is gone, however it died.
 */
import { Worker } from 'node:worker_threads'

const POLL_MS = 250

/** Ends this process, without a chance to clean up, within {@link POLL_MS} of its parent's end. */
export function dieWithParent(): void {
  const watch = `
    const parent = ${process.ppid}
    setInterval(() => {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
    }, ${POLL_MS})`
  new Worker(watch, { eval: true }).unref()
}
