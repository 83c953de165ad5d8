/** Progress of a job: one line that is redrawn in a terminal, a plain line for each step of ten percent elsewhere. */
import type { Writable } from 'node:stream'
import type { Job } from './client.ts'

const BAR_CELLS = 30

/** What is being trained right now, in words. */
function activity(job: Job): string {
  const running = job.tasks.filter((task) => task.status === 'running')
  if (running.length === 0) return job.status
  return running
    .map((task) => {
      const epoch = task.progress ? ` ${task.progress.epoch}/${task.progress.epochs}` : ''
      return task.kind === 'train' ? `${task.key}${epoch}` : task.key
    })
    .join(', ')
}

export class ProgressLine {
  readonly #out: Writable & { isTTY?: boolean; columns?: number }
  #lastTenth = -1

  constructor(out: Writable & { isTTY?: boolean; columns?: number }) {
    this.#out = out
  }

  show(job: Job): void {
    const { percent, tasksDone, tasks, etaSeconds } = job.progress
    const eta = etaSeconds === null || job.terminal ? '' : `, ${etaSeconds} s left`
    if (this.#out.isTTY) {
      const full = Math.round((BAR_CELLS * percent) / 100)
      const bar = '█'.repeat(full) + '░'.repeat(BAR_CELLS - full)
      const line = `${bar} ${percent.toFixed(0).padStart(3)} %  ${tasksDone}/${tasks} tasks${eta}  ${activity(job)}`
      this.#out.write(`\r\u001b[2K${line.slice(0, (this.#out.columns ?? 80) - 1)}`)
      if (job.terminal) this.#out.write('\n')
      return
    }
    const tenth = Math.floor(percent / 10)
    if (tenth === this.#lastTenth && !job.terminal) return
    this.#lastTenth = tenth
    this.#out.write(
      `${percent.toFixed(0).padStart(3)} %  ${tasksDone}/${tasks} tasks${eta}  ${activity(job)}\n`,
    )
  }
}
