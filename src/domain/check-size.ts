/** Whether a job is of a size that one job should have. */
import type { IssueList } from './issue-list.ts'
import { planJob } from './job-plan.ts'
import type { ResolvedJob } from './resolved-job.ts'

export const MOST_TASKS = 500

export function checkSize(job: ResolvedJob, issues: IssueList): void {
  const tasks = planJob(job).length
  if (tasks <= MOST_TASKS) return
  const pointer =
    job.teacher.kind === 'ensemble'
      ? '/teacher/ensemble/members'
      : job.chain
        ? '/chain'
        : '/evaluation'
  issues.add(
    pointer,
    'job-too-large',
    `the job would have ${tasks} tasks, and may have ${MOST_TASKS}: use fewer folds, members or assistants`,
  )
}
