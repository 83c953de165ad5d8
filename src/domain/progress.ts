/** How far a job is and when it will be done. Pure. */
import { taskCost } from './cost.ts'
import { isTerminal } from './job-lifecycle.ts'
import type { JobView, TaskView } from './task.ts'
import type { Phase } from './words.ts'

export interface JobProgress {
  /** 0 to 100. */
  readonly percent: number
  readonly tasksDone: number
  readonly tasks: number
  /** At the pace so far; null before there is one, and when the job has ended. */
  readonly etaSeconds: number | null
}

function share(task: TaskView): number {
  if (task.status === 'succeeded') return 1
  if (task.status !== 'running' || !task.progress || task.progress.steps === 0) return 0
  // The last part belongs to evaluation and export, which report no steps.
  return 0.95 * (task.progress.step / task.progress.steps)
}

export function jobProgress(job: JobView, now: Date): JobProgress {
  let done = 0
  let total = 0
  for (const task of job.tasks) {
    const cost = taskCost(job.resolved, task)
    total += cost
    done += cost * share(task)
  }
  const fraction = total === 0 ? 0 : done / total
  const elapsedSeconds = job.startedAt ? (now.getTime() - job.startedAt.getTime()) / 1000 : 0
  return {
    percent: job.status === 'succeeded' ? 100 : Math.floor(fraction * 1000) / 10,
    tasksDone: job.tasks.filter((task) => task.status === 'succeeded').length,
    tasks: job.tasks.length,
    etaSeconds:
      isTerminal(job.status) || fraction < 0.01 || elapsedSeconds < 1
        ? null
        : Math.ceil((elapsedSeconds * (1 - fraction)) / fraction),
  }
}

/** What the earliest running task is doing; null when none runs. */
export const jobPhase = (job: JobView): Phase | null => {
  const running = job.tasks.find((task) => task.status === 'running')
  return running ? (running.progress?.phase ?? 'load') : null
}
