/** Submit, validate, read, cancel and delete jobs. Knows ports; no HTTP, no SQL. */
import { multiplyAdds, teacherMultiplyAdds } from '../domain/cost.ts'
import type { Dataset } from '../domain/dataset.ts'
import { isTerminal } from '../domain/job-lifecycle.ts'
import { planJob } from '../domain/job-plan.ts'
import type { JobSpec } from '../domain/job-spec.ts'
import type { Model } from '../domain/model.ts'
import { type FormSize, networkSize } from '../domain/model-form.ts'
import type { Network } from '../domain/network.ts'
import type {
  DatasetStore,
  Identifiers,
  JobFilter,
  JobStore,
  ModelStore,
  Page,
  PageRequest,
} from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import type { Report } from '../domain/report/report.ts'
import { type References, resolveJob } from '../domain/resolve-job.ts'
import type { ResolvedJob, ResolvedTeacher } from '../domain/resolved-job.ts'
import type { SpecIssue } from '../domain/spec-issue.ts'
import type { EpochRow, JobEvent, JobView } from '../domain/task.ts'
import { teacherSize } from '../domain/teacher-networks.ts'
import type { MemberSpec } from '../domain/teacher-spec.ts'
import { readKerasArchitecture } from '../models/keras-architecture.ts'

export interface Estimate extends FormSize {
  /** Of one row, forward; null where the form does not tell. */
  readonly multiplyAdds: number | null
}

export interface Validation {
  readonly resolved: ResolvedJob
  readonly estimate: {
    readonly teacher: Estimate
    readonly student: Estimate
    readonly tasks: number
    readonly trainings: number
  }
}

interface Ports {
  readonly jobs: JobStore
  readonly datasets: DatasetStore
  readonly models: ModelStore
  readonly ids: Identifiers
  /** More jobs than this may not wait. */
  readonly maxWaitingJobs: number
}

const estimateNetwork = (network: Network): Estimate => ({
  ...networkSize(network),
  multiplyAdds: multiplyAdds(network),
})

const estimateTeacher = (teacher: ResolvedTeacher): Estimate => ({
  ...teacherSize(teacher),
  multiplyAdds: teacherMultiplyAdds(teacher),
})

export type JobService = ReturnType<typeof createJobService>

export function createJobService(ports: Ports) {
  /** The model that a spec names, or the student of the job that it names; null where it names none, or there is none. */
  async function givenTeacher(
    { model: modelId, job: jobId }: MemberSpec,
    pointer: string,
    issues: SpecIssue[],
  ): Promise<Model | null> {
    const refuse = (field: string, code: string, message: string): null => {
      issues.push({ pointer: `${pointer}/${field}`, code, message })
      return null
    }
    if (modelId !== undefined)
      return (
        (await ports.models.get(modelId)) ??
        refuse('model', 'model-not-found', `no model ${modelId}`)
      )
    if (jobId === undefined) return null
    const job = await ports.jobs.get(jobId)
    if (!job) return refuse('job', 'job-not-found', `no job ${jobId}`)
    if (job.status !== 'succeeded')
      return isTerminal(job.status)
        ? refuse('job', 'job-without-student', `job ${jobId} has ${job.status}: it has no student`)
        : refuse(
            'job',
            'job-not-finished',
            `job ${jobId} is ${job.status}: its student can teach when it has succeeded`,
          )
    const student = job.models.find(({ role }) => role === 'student')
    return (
      (student && (await ports.models.get(student.id))) ??
      refuse('job', 'job-without-student', `the student of job ${jobId} has been deleted`)
    )
  }

  async function lookUp(spec: JobSpec): Promise<References> {
    const issues: SpecIssue[] = []
    const dataset = async (id: string, pointer: string): Promise<Dataset | null> => {
      const found = await ports.datasets.get(id)
      if (!found) issues.push({ pointer, code: 'dataset-not-found', message: `no dataset ${id}` })
      return found
    }
    const builtin = spec.dataset.builtin
    const main = builtin
      ? await dataset(`ds_${builtin}`, '/dataset/builtin')
      : await dataset(spec.dataset.id ?? '', '/dataset/id')
    const testSetId = spec.evaluation?.testSet?.id
    const testSet = testSetId ? await dataset(testSetId, '/evaluation/testSet/id') : null
    const { ensemble, ...single } = spec.teacher
    const teacher = await givenTeacher(single, '/teacher', issues)
    const members = await Promise.all(
      (ensemble?.members ?? []).map((member, index) =>
        givenTeacher(member, `/teacher/ensemble/members/${index}`, issues),
      ),
    )
    if (issues.length > 0 || !main) throw invalid(issues)
    return { dataset: main, testSet, teacher, ...(ensemble ? { members } : {}) }
  }

  const invalid = (issues: readonly SpecIssue[]): Problem =>
    new Problem(
      'invalid-spec',
      issues.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '),
      { issues },
    )

  async function resolve(spec: JobSpec): Promise<ResolvedJob> {
    const resolution = resolveJob(spec, await lookUp(spec), readKerasArchitecture)
    if ('issues' in resolution) throw invalid(resolution.issues)
    return resolution.job
  }

  async function get(id: string): Promise<JobView> {
    const job = await ports.jobs.get(id)
    if (!job) throw new Problem('job-not-found', `There is no job ${id}.`)
    return job
  }

  return {
    get,

    /** @throws Problem `invalid-spec` with a pointer for every mistake. */
    async validate(spec: JobSpec): Promise<Validation> {
      const resolved = await resolve(spec)
      const plan = planJob(resolved)
      return {
        resolved,
        estimate: {
          teacher: estimateTeacher(resolved.teacher),
          student: estimateNetwork(resolved.student.network),
          tasks: plan.length,
          trainings: plan.filter((task) => task.kind === 'train').length,
        },
      }
    },

    /** Accepts a job for good: when this resolves, the job survives the loss of every process and of Redis. */
    async submit(
      spec: JobSpec,
      idempotency: { key: string; bodySha256: string } | null,
    ): Promise<{ job: JobView; replayed: boolean }> {
      const reused = () =>
        new Problem(
          'idempotency-key-reused',
          `The key ${idempotency?.key} came with another body before: use a new key.`,
        )
      // Looked up first, so that a repeated request gives the same job even when the dataset is gone by now.
      const known = idempotency && (await ports.jobs.findByIdempotencyKey(idempotency.key))
      if (known) {
        if (known.bodySha256 !== idempotency.bodySha256) throw reused()
        return { job: await get(known.id), replayed: true }
      }
      const resolved = await resolve(spec)
      if ((await ports.jobs.countWaiting()) >= ports.maxWaitingJobs)
        throw new Problem(
          'too-many-jobs',
          `${ports.maxWaitingJobs} jobs are waiting; send it again when some have ended.`,
          { headers: { 'retry-after': '30' } },
        )
      const id = ports.ids.create('job')
      const outcome = await ports.jobs.submit({
        id,
        spec,
        resolved,
        plan: planJob(resolved),
        idempotency,
      })
      switch (outcome.kind) {
        case 'created':
          return { job: await get(id), replayed: false }
        case 'replayed':
          return { job: await get(outcome.id), replayed: true }
        case 'key-reused':
          throw reused()
      }
    },

    list: (filter: JobFilter, page: PageRequest): Promise<Page<JobView>> =>
      ports.jobs.list(filter, page),

    async cancel(id: string): Promise<JobView> {
      const outcome = await ports.jobs.cancel(id)
      if (outcome === 'not-found') throw new Problem('job-not-found', `There is no job ${id}.`)
      const job = await get(id)
      // Asking twice is no mistake; asking for something that can no longer happen is.
      if (outcome === 'already-terminal' && job.status !== 'cancelled')
        throw new Problem(
          'job-is-terminal',
          `Job ${id} has ${job.status} and cannot be cancelled any more.`,
        )
      return job
    },

    async remove(id: string): Promise<void> {
      const outcome = await ports.jobs.remove(id)
      if (outcome === 'not-found') throw new Problem('job-not-found', `There is no job ${id}.`)
      if (outcome === 'not-terminal')
        throw new Problem('job-not-terminal', `Job ${id} has not ended: cancel it first.`)
    },

    async report(id: string): Promise<Report> {
      const report = await ports.jobs.report(id)
      if (report) return report
      throw missing(await get(id), 'report')
    },

    /** Id of the delivered student. */
    async studentModelId(id: string): Promise<string> {
      const job = await get(id)
      const student = job.models.find((model) => model.role === 'student')
      if (!student) throw missing(job, 'student')
      return student.id
    },

    async events(id: string, after: number, limit: number): Promise<readonly JobEvent[]> {
      await get(id)
      return ports.jobs.events(id, after, limit)
    },

    async metrics(id: string): Promise<readonly EpochRow[]> {
      await get(id)
      return ports.jobs.metrics(id)
    },
  }
}

/** Why a job has no report or student: it may come later, or never. */
const missing = (job: JobView, what: string): Problem =>
  isTerminal(job.status)
    ? new Problem('never-ready', `Job ${job.id} has ${job.status}: there will be no ${what}.`)
    : new Problem(
        'not-ready',
        `Job ${job.id} is ${job.status}: there is no ${what} yet. Ask again when it is terminal.`,
        { headers: { 'retry-after': '2' } },
      )
