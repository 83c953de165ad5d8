import { expect, test } from 'vitest'
import type { AssistantSpec, ChainSpec } from '../../../src/domain/chain-spec.ts'
import { MOST_TASKS } from '../../../src/domain/check-size.ts'
import { taskCost } from '../../../src/domain/cost.ts'
import { planJob } from '../../../src/domain/job-plan.ts'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Model } from '../../../src/domain/model.ts'
import type { DeliveredModel } from '../../../src/domain/task.ts'
import { givenModelIds, taughtBy } from '../../../src/domain/teacher-models.ts'
import type { MemberSpec, TeacherSpec } from '../../../src/domain/teacher-spec.ts'
import { dataset, issuesOf, references, resolved, spec } from '../../support/specs.ts'

const MLP: MemberSpec = { train: { architecture: { preset: 'mlp', hiddenUnits: [12] } } }
const LENET: MemberSpec = { train: { architecture: { preset: 'lenet' } } }
const GIVEN: MemberSpec = { model: 'mdl_t' }

/** A stored network, made as a student of a job. */
const stored = (id = 'mdl_t'): Model => ({
  id,
  name: 'stored',
  source: 'job',
  form: {
    kind: 'network',
    network: resolved().student.network,
    normalization: null,
    weightsSha256: 'w'.repeat(64),
  },
  classes: 3,
  classNames: ['a', 'b', 'c'],
  files: {},
  lineage: null,
  createdAt: new Date(0),
})

const ensemble = (
  members: MemberSpec[],
  weights?: NonNullable<TeacherSpec['ensemble']>['weights'],
): TeacherSpec => ({ ensemble: { members, ...(weights === undefined ? {} : { weights }) } })

const withMembers = (members: readonly MemberSpec[], rows = 100) =>
  references({
    dataset: dataset({ rows }),
    members: members.map(({ model, job }) =>
      (model ?? job) ? stored(model ?? 'mdl_of_job') : null,
    ),
  })

const resolve = (
  members: MemberSpec[],
  weights?: 'inner-validation' | number[],
  more: Partial<JobSpec> = {},
) => resolved(spec({ ...more, teacher: ensemble(members, weights) }), withMembers(members))
const refuse = (
  members: MemberSpec[],
  weights?: 'inner-validation' | number[],
  more: Partial<JobSpec> = {},
) =>
  issuesOf(spec({ ...more, teacher: ensemble(members, weights) }), withMembers(members)).map(
    ({ pointer, code }) => [pointer, code],
  )
const keys = (job: ReturnType<typeof resolved>): string[] => planJob(job).map(({ key }) => key)
const after = (job: ReturnType<typeof resolved>, key: string) =>
  planJob(job).find((task) => task.key === key)?.after

const TWO_FOLDS = { evaluation: { folds: 2, control: false } } as const

test('the student of a job is a stored model, which says which job it is of', () => {
  const job = resolved(spec({ teacher: { job: 'job_1' } }), references({ teacher: stored() }))
  expect(job.teacher).toMatchObject({ kind: 'model', modelId: 'mdl_t', jobId: 'job_1' })
  expect(job.evaluation.teacherPerFold).toBe('frozen')
  const other = references({ teacher: { ...stored(), classes: 2 } })
  expect(issuesOf(spec({ teacher: { job: 'job_1' } }), other)).toMatchObject([
    { pointer: '/teacher/job', code: 'classes-differ' },
  ])
})

test('a teacher that is the student itself has its network and all of its training', () => {
  const training = { epochs: 7, batchSize: 16, optimizer: { name: 'sgd' } } as const
  const job = resolved(spec({ teacher: { self: true }, training }))
  expect(job.teacher).toEqual({ kind: 'train', ...job.student })
  expect(job.evaluation.teacherPerFold).toBe('retrain')
  const stages = [1, 2].map((epochs) => ({ epochs, terms: [{ method: 'soft-targets' as const }] }))
  const staged = resolved(spec({ teacher: { self: true }, objective: { stages } }))
  expect(staged.teacher).toMatchObject({ training: { epochs: 3 } })
})

test('members are trained in every fold, given ones are asked once, and the mixture waits for both', () => {
  const job = resolve([MLP, GIVEN], undefined, TWO_FOLDS)
  expect(keys(job)).toEqual([
    'member-0/fold-0',
    'member-1/final',
    'teacher/fold-0',
    'distilled/fold-0',
    'member-0/fold-1',
    'teacher/fold-1',
    'distilled/fold-1',
    'member-0/final',
    'teacher/final',
    'distilled/final',
    'latency',
    'report',
  ])
  expect(after(job, 'teacher/fold-1')).toEqual(['member-0/fold-1', 'member-1/final'])
  expect(after(job, 'distilled/fold-1')).toEqual(['teacher/fold-1'])
  expect(
    planJob(job)
      .map(({ kind }) => kind)
      .slice(0, 3),
  ).toEqual(['train', 'predict', 'combine'])
  for (const task of planJob(job)) expect(taskCost(job, task)).toBeGreaterThan(0)
})

test('an ensemble that is shared by the folds, or given as a whole, is asked once', () => {
  const frozen = { evaluation: { folds: 2, control: false, teacherPerFold: 'frozen' } } as const
  const shared = ['member-0/final', 'member-1/final', 'teacher/final', 'distilled/fold-0']
  expect(keys(resolve([MLP, LENET], undefined, frozen)).slice(0, 4)).toEqual(shared)
  const given = resolve([GIVEN, { job: 'job_2' }], undefined, TWO_FOLDS)
  expect(keys(given).slice(0, 4)).toEqual(shared)
  expect(given.evaluation.teacherPerFold).toBe('frozen')
  expect(refuse([GIVEN, GIVEN], undefined, { evaluation: { teacherPerFold: 'retrain' } })).toEqual([
    ['/evaluation/teacherPerFold', 'teacher-cannot-be-retrained'],
  ])
})

test('weights are an average, numbers of sum 1, or found on rows that all members set aside', () => {
  expect(resolve([MLP, LENET]).teacher).toMatchObject({ weights: { kind: 'average' } })
  expect(resolve([MLP, LENET], [3, 1]).teacher).toMatchObject({
    weights: { kind: 'given', values: [0.75, 0.25] },
  })
  const job = resolve([MLP, { self: true }], 'inner-validation')
  expect(job.teacher).toMatchObject({
    weights: { kind: 'inner-validation', fraction: 0.1 },
    members: [
      { training: { validationFraction: 0.1, earlyStopping: null } },
      { training: { validationFraction: 0.1 } },
    ],
  })
  expect(job.student.training.validationFraction).toBeNull()
  expect(job.notes.join()).toMatch(/sets 0.1 of its training rows aside/)
  const early = { ...MLP.train, training: { validationFraction: 0.3 } } as MemberSpec['train']
  expect(
    resolve([MLP, { train: early }] as MemberSpec[], 'inner-validation').teacher,
  ).toMatchObject({
    members: [{ training: { validationFraction: 0.3 } }, { training: { validationFraction: 0.3 } }],
  })
})

test.each([
  [[MLP, LENET], [1, 2, 3], {}, ['/teacher/ensemble/weights', 'weights-do-not-fit']],
  [[MLP, LENET], [0, 0], {}, ['/teacher/ensemble/weights', 'weights-do-not-fit']],
  [[GIVEN, GIVEN], 'inner-validation', {}, ['/teacher/ensemble/weights', 'option-not-applicable']],
  [
    [MLP, LENET],
    'inner-validation',
    { evaluation: { teacherPerFold: 'frozen' } },
    ['/teacher/ensemble/weights', 'option-not-applicable'],
  ],
  [
    [
      { train: { architecture: { preset: 'logistic' }, training: { validationFraction: 0.2 } } },
      { train: { architecture: { preset: 'logistic' }, training: { validationFraction: 0.3 } } },
    ],
    'inner-validation',
    {},
    ['/teacher/ensemble/members/1/train/training/validationFraction', 'validation-parts-differ'],
  ],
  [
    [MLP, { train: { architecture: { preset: 'logistic' }, training: { batchSize: 999 } } }],
    undefined,
    {},
    ['/teacher/ensemble/members/1/train/training/batchSize', 'batch-exceeds-rows'],
  ],
  [
    [MLP, LENET],
    undefined,
    { objective: { variant: 'feature' } },
    ['/teacher/ensemble', 'teacher-not-a-network'],
  ],
  [
    [MLP, LENET],
    undefined,
    { training: { augmentation: { noise: { standardDeviation: 0.1 } } } },
    ['/training/augmentation', 'teacher-not-a-network'],
  ],
] as [MemberSpec[], 'inner-validation' | number[] | undefined, Partial<JobSpec>, string[]][])(
  'an ensemble %j with weights %j and %j is refused where it is wrong',
  (members, weights, more, issue) => {
    expect(refuse(members, weights, more)[0]).toEqual(issue)
  },
)

test('a member that does not fit is refused where it stands', () => {
  const members = [MLP, GIVEN]
  const refs = references({ members: [null, { ...stored(), classes: 2 }] })
  expect(issuesOf(spec({ teacher: ensemble(members) }), refs)).toMatchObject([
    { pointer: '/teacher/ensemble/members/1/model', code: 'classes-differ' },
  ])
})

const chained = (chain: ChainSpec, more: Partial<JobSpec> = {}) =>
  resolved(spec({ ...more, chain }))
const assistantOf = (units: number): AssistantSpec => ({
  architecture: { preset: 'mlp', hiddenUnits: [units] },
})
const BIG = assistantOf(32)
const SMALL = assistantOf(16)

test('every assistant of a fold is taught by the one before it, and the student by the last', () => {
  const job = chained([BIG, SMALL], TWO_FOLDS)
  expect(keys(job)).toEqual([
    ...[0, 1].flatMap((fold) =>
      ['teacher', 'assistant-0', 'assistant-1', 'distilled'].map((arm) => `${arm}/fold-${fold}`),
    ),
    ...['teacher', 'assistant-0', 'assistant-1', 'distilled'].map((arm) => `${arm}/final`),
    'latency',
    'report',
  ])
  expect(after(job, 'assistant-0/fold-1')).toEqual(['teacher/fold-1'])
  expect(after(job, 'assistant-1/fold-1')).toEqual(['assistant-0/fold-1'])
  expect(after(job, 'distilled/fold-1')).toEqual(['assistant-1/fold-1'])
})

test('assistants are trained in every fold also where the teacher is shared', () => {
  const evaluation = { folds: 2, control: false, teacherPerFold: 'frozen' } as const
  const job = chained([BIG], { evaluation })
  expect(after(job, 'assistant-0/fold-1')).toEqual(['teacher/final'])
  expect(after(job, 'distilled/fold-1')).toEqual(['assistant-0/fold-1'])
})

test('what an assistant is not given it has from the student, but for the layers that terms name', () => {
  const terms = [
    { method: 'feature-hint', taps: { student: 'dense_2', teacher: 'dense_2' } },
    { method: 'soft-targets', temperature: 2 },
  ] as const
  const job = chained(
    [BIG, { ...SMALL, training: { epochs: 3 }, objective: { variant: 'category' } }, BIG],
    {
      teacher: MLP,
      training: { epochs: 5 },
      objective: { terms },
    },
  )
  const [first, second] = job.chain ?? []
  expect(first).toMatchObject({
    training: { epochs: 5 },
    objective: [
      { method: 'feature-hint', taps: { student: 'dense_2', teacher: 'dense_2' } },
      { temperature: 2 },
    ],
  })
  expect(second).toMatchObject({
    training: { epochs: 3 },
    objective: [{ method: 'soft-targets', temperature: 4 }, {}],
  })
  expect(job.notes).toContainEqual(
    expect.stringMatching(/^\/chain\/0\/objective\/terms\/0\/taps: compares/),
  )
})

test('layers that the terms of the student name are chosen anew for an assistant', () => {
  const layers = [
    { type: 'flatten' },
    { type: 'dense', name: 'wide', units: 32 },
    { type: 'dense', units: 3 },
  ] as const
  const taps = { student: 'dense_2', teacher: 'wide' }
  const job = chained([{ architecture: { layers: [...layers] } }], {
    teacher: MLP,
    objective: { terms: [{ method: 'feature-hint', taps }, { method: 'soft-targets' }] },
  })
  expect(job.objective[0]).toMatchObject({ taps })
  expect(job.chain?.[0]?.objective[0]).toMatchObject({
    taps: { student: 'wide', teacher: 'dense_2' },
  })
})

test('three generations are two assistants and the student, of one architecture', () => {
  const job = chained({ generations: 3 }, { teacher: { self: true } })
  expect(job.chain?.map(({ network }) => network)).toEqual([
    job.student.network,
    job.student.network,
  ])
  expect(chained({ generations: 1 })).not.toHaveProperty('chain')
})

test.each([
  [
    [{ ...SMALL, training: { batchSize: 999 } }],
    {},
    ['/chain/0/training/batchSize', 'batch-exceeds-rows'],
  ],
  [
    [BIG, { architecture: { layers: [{ type: 'dense', units: 7 }] } }],
    {},
    ['/chain/1/architecture/layers/0', 'output-is-not-classes'],
  ],
  [
    [SMALL, { architecture: { preset: 'lenet' } }],
    { objective: { variant: 'key-point' }, student: { architecture: { preset: 'lenet' } } },
    ['/chain/0', 'no-taps'],
  ],
  [
    [{ ...SMALL, objective: { variant: 'key-point' } }],
    {},
    ['/chain/0/objective/variant', 'no-taps'],
  ],
] as [ChainSpec, Partial<JobSpec>, string[]][])(
  'a chain %j with %j is refused where it is wrong',
  (chain, more, issue) => {
    const found = issuesOf(spec({ ...more, chain })).map(({ pointer, code }) => [pointer, code])
    expect(found).toContainEqual(issue)
  },
)

test('what is wrong with the student is told once, however many assistants have it from there', () => {
  const training = { batchSize: 999 }
  expect(issuesOf(spec({ training, chain: { generations: 4 } }))).toHaveLength(1)
})

test('a first assistant learns from an ensemble, and its own layers can be compared', () => {
  const members = [MLP, LENET]
  const job = resolved(
    spec({
      teacher: ensemble(members),
      chain: [{ ...BIG, objective: { variant: 'category' } }],
      objective: { variant: 'feature' },
    }),
    withMembers(members),
  )
  expect(after(job, 'assistant-0/final')).toEqual(['teacher/final'])
  expect(job.objective[0]).toMatchObject({ taps: { teacher: 'dense_2' } })
})

test('a job of absurdly many tasks is refused', () => {
  const members = Array.from({ length: 16 }, () => MLP)
  const rows = { rows: 1000, classCounts: [400, 400, 200] }
  const refs = references({ dataset: dataset(rows), members: members.map(() => null) })
  const asked = spec({ teacher: ensemble(members), evaluation: { folds: 50 } })
  expect(issuesOf(asked, refs)).toMatchObject([
    { pointer: '/teacher/ensemble/members', code: 'job-too-large' },
  ])
  expect(planJob(resolved(spec({ evaluation: { folds: 20 } }))).length).toBeLessThan(MOST_TASKS)
})

test('a model says which stored models taught it', () => {
  const members = [MLP, GIVEN, { self: true as const }]
  const job = resolved(
    spec({ teacher: ensemble(members), chain: [BIG, SMALL] }),
    withMembers(members),
  )
  const delivered: DeliveredModel[] = [
    { id: 'm0', role: 'member', index: 0 },
    { id: 'm2', role: 'member', index: 2 },
    { id: 'a0', role: 'assistant', index: 0 },
    { id: 'a1', role: 'assistant', index: 1 },
  ]
  const of = (arm: 'assistant' | 'distilled' | 'member', index: number | null) =>
    taughtBy(job, { arm, index, fold: null }, delivered)
  expect(of('assistant', 0)).toEqual(['m0', 'mdl_t', 'm2'])
  expect(of('assistant', 1)).toEqual(['a0'])
  expect(of('distilled', null)).toEqual(['a1'])
  expect(of('member', 0)).toEqual([])
  expect(givenModelIds(job.teacher)).toEqual(['mdl_t'])
})
