/** A job as the API shows it. */
import { type Static, type TSchema, Type } from 'typebox'
import { isTerminal } from '../../domain/job-lifecycle.ts'
import { jobPhase, jobProgress } from '../../domain/progress.ts'
import type { JobView, TaskView } from '../../domain/task.ts'
import {
  ARMS,
  JOB_STATUSES,
  type ModelRole,
  PHASES,
  TASK_KINDS,
  TASK_STATUSES,
} from '../../domain/words.ts'

const OrNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })

const TaskSchema = Type.Object({
  id: Type.String({ format: 'uuid' }),
  key: Type.String({ description: 'Unique in the job, for example `distilled/fold-3`.' }),
  kind: Type.Enum([...TASK_KINDS]),
  arm: OrNull(Type.Enum([...ARMS])),
  index: OrNull(
    Type.Integer({ description: 'Which member or assistant, from 0; null for other arms.' }),
  ),
  fold: OrNull(Type.Integer({ description: 'Null for the final training and the report.' })),
  status: Type.Enum([...TASK_STATUSES]),
  attempt: Type.Integer(),
  workerId: OrNull(Type.String()),
  progress: OrNull(
    Type.Object({
      phase: Type.Enum([...PHASES]),
      epoch: Type.Integer(),
      epochs: Type.Integer(),
      step: Type.Integer(),
      steps: Type.Integer(),
    }),
  ),
  result: Type.Unknown({ description: 'What the trainer measured about itself; null until done.' }),
  failure: Type.Unknown(),
  startedAt: OrNull(Time),
  finishedAt: OrNull(Time),
})

const SUMMARY = {
  id: Type.String(),
  name: OrNull(Type.String()),
  status: Type.Enum([...JOB_STATUSES]),
  terminal: Type.Boolean({ description: 'True when the status will never change again.' }),
  phase: OrNull(Type.Enum([...PHASES], { description: 'Of the earliest running task.' })),
  progress: Type.Object({
    percent: Type.Number(),
    tasksDone: Type.Integer(),
    tasks: Type.Integer(),
    etaSeconds: OrNull(Type.Number({ description: 'At the pace so far.' })),
  }),
  datasetId: Type.String(),
  createdAt: Time,
  startedAt: OrNull(Time),
  finishedAt: OrNull(Time),
  failure: OrNull(
    Type.Object({
      code: Type.String(),
      class: Type.Enum(['user', 'system', 'crash'], {
        description: 'user: change the spec or the data. Otherwise trying again may help.',
      }),
      message: Type.String(),
      details: Type.Optional(
        OrNull(
          Type.Record(Type.String(), Type.Unknown(), {
            description:
              'What the message says, for programs. Of `non-finite-loss`: `what` (term, gradient or weights), `term` (null where none can be named), `epoch`, `step`, `terms`, `lastFinite` with the same of the step before, and `lastGradients` with the norms at the start of the epoch.',
          }),
        ),
      ),
      task: Type.String(),
    }),
  ),
}

export const JobSummarySchema = Type.Object(SUMMARY)
export const JobSchema = Type.Object(
  {
    ...SUMMARY,
    queue: OrNull(
      Type.Object({
        position: Type.Integer({ description: '1: the next job to start.' }),
      }),
    ),
    spec: Type.Unknown({ description: 'As it was sent.' }),
    resolvedSpec: Type.Unknown({
      description: 'With every default filled in and every layer placed.',
    }),
    notes: Type.Array(Type.String(), { description: 'What was decided for you.' }),
    models: Type.Object({
      student: OrNull(Type.String({ description: 'Id of the delivered student.' })),
      teacher: OrNull(Type.String()),
      members: Type.Array(Type.String(), {
        description: 'Ids of the members of an ensemble that the job trained, in their order.',
      }),
      assistants: Type.Array(Type.String(), {
        description: 'Ids of the assistants of a chain, in their order.',
      }),
    }),
    tasks: Type.Array(TaskSchema),
    links: Type.Record(Type.String(), Type.String()),
  },
  { $id: 'Job' },
)

const iso = (date: Date | null): string | null => date?.toISOString() ?? null

export const summaryBody = (job: JobView) => ({
  id: job.id,
  name: job.name,
  status: job.status,
  terminal: isTerminal(job.status),
  phase: jobPhase(job),
  progress: jobProgress(job, new Date()),
  datasetId: job.resolved.dataset.id,
  createdAt: job.createdAt.toISOString(),
  startedAt: iso(job.startedAt),
  finishedAt: iso(job.finishedAt),
  failure: job.failure,
})

const taskBody = (task: TaskView) => ({
  ...task,
  index: task.index ?? null,
  startedAt: iso(task.startedAt),
  finishedAt: iso(task.finishedAt),
})

export function jobBody(job: JobView): Static<typeof JobSchema> {
  const self = `/v1/jobs/${job.id}`
  const modelsOf = (role: ModelRole): string[] =>
    job.models.filter((model) => model.role === role).map(({ id }) => id)
  return {
    ...summaryBody(job),
    queue: job.jobsAhead === null ? null : { position: job.jobsAhead + 1 },
    spec: job.spec,
    resolvedSpec: job.resolved,
    notes: [...job.resolved.notes],
    models: {
      student: modelsOf('student')[0] ?? null,
      teacher: modelsOf('teacher')[0] ?? null,
      members: modelsOf('member'),
      assistants: modelsOf('assistant'),
    },
    tasks: job.tasks.map(taskBody),
    links: {
      self,
      events: `${self}/events`,
      metrics: `${self}/metrics`,
      report: `${self}/report`,
      plots: `${self}/report/plots`,
      split: `${self}/split`,
      student: `${self}/student`,
      cancel: `${self}/cancel`,
    },
  } as Static<typeof JobSchema>
}
