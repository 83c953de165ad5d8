import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Model, ModelForm } from '../../../src/domain/model.ts'
import type { Shape } from '../../../src/domain/network.ts'
import { dataset, issuesOf, references, resolved, spec } from '../../support/specs.ts'

test('defaults are filled in', () => {
  expect(resolved()).toMatchObject({
    seed: 42,
    objective: [
      { method: 'soft-targets', weight: 0.9, temperature: 4 },
      { method: 'hard-labels', weight: 0.1 },
    ],
    student: {
      training: { epochs: 20, batchSize: 64, optimizer: { name: 'adam', learningRate: 0.001 } },
    },
    transfer: { labelledFraction: 1 },
    preprocessing: { normalization: 'standardize' },
    evaluation: {
      split: { kind: 'k-fold', folds: 5, stratified: true, seed: 42 },
      control: true,
      teacherPerFold: 'retrain',
    },
  })
})

const patients = { column: 'patient', count: 12, largest: 20, ofClass: [9, 8, 4] }
const grouped = { dataset: dataset({ groups: patients, groupsSha256: '9'.repeat(64) }) }

test('groups are named by true or by their column, and rare classes are noted', () => {
  for (const groups of [true, 'patient']) {
    const job = resolved(spec({ evaluation: { groups } }), references(grouped))
    expect(job.evaluation.split).toEqual({
      kind: 'k-fold',
      folds: 5,
      stratified: true,
      seed: 42,
      grouped: true,
    })
    expect(job.dataset.groups).toEqual({ column: 'patient', count: 12, sha256: '9'.repeat(64) })
    expect(job.notes.join()).toContain('fewer than 5 groups: c (4)')
  }
  const ungrouped = resolved(spec(), references(grouped))
  expect(ungrouped.evaluation.split).not.toHaveProperty('grouped')
})

test('a split without repeats is written as it always was', () => {
  const one = resolved(spec({ evaluation: { repeats: 1 } }))
  expect(one.evaluation.split).toEqual(resolved(spec()).evaluation.split)
  const three = resolved(spec({ evaluation: { repeats: 3 } }))
  expect(three.evaluation.split).toMatchObject({ folds: 5, repeats: 3 })
})

test('what the client says wins over every default', () => {
  const job = resolved(
    spec({
      seed: 0,
      training: {
        epochs: 1,
        batchSize: 1,
        optimizer: { name: 'sgd', learningRate: 0.5, momentum: 0.9 },
      },
      evaluation: { protocol: 'holdout', heldOutFraction: 0.5, stratified: false, control: false },
    }),
  )
  expect(job).toMatchObject({
    seed: 0,
    student: {
      training: {
        epochs: 1,
        batchSize: 1,
        optimizer: { name: 'sgd', learningRate: 0.5, momentum: 0.9 },
      },
    },
    evaluation: {
      split: { kind: 'holdout', fraction: 0.5, stratified: false, seed: 0 },
      control: false,
    },
  })
})

const networkForm = (inputShape: Shape): ModelForm => ({
  kind: 'network',
  network: { inputShape, layers: [] },
  normalization: null,
  weightsSha256: 'a'.repeat(64),
})

const recorded = (contentSha256: string) => ({ contentSha256, rows: 100, sha256: 'a'.repeat(64) })
const outputs = (testSet: string | null, of = 'c'): Model => ({
  ...teacher,
  classes: 3,
  form: {
    kind: 'outputs',
    represents: 'logits',
    dataset: recorded(of.repeat(64)),
    testSet: testSet === null ? null : recorded(testSet.repeat(64)),
  },
})

const teacher: Model = {
  id: 'mdl_t',
  name: 'teacher',
  source: 'upload',
  form: networkForm([28, 28, 1]),
  classes: 10,
  classNames: null,
  files: { safetensors: { sha256: 'a'.repeat(64), sizeBytes: 1 } },
  lineage: null,
  createdAt: new Date(0),
}

test.each<[string, Partial<JobSpec>, Parameters<typeof references>[0], string, string]>([
  [
    'more folds than the smallest class has rows',
    { evaluation: { folds: 21 } },
    {},
    '/evaluation/folds',
    'folds-exceed-class',
  ],
  [
    'groups where the dataset has none',
    { evaluation: { groups: true } },
    {},
    '/evaluation/groups',
    'dataset-without-groups',
  ],
  [
    'groups of another column',
    { evaluation: { groups: 'doctor' } },
    grouped,
    '/evaluation/groups',
    'group-column-differs',
  ],
  [
    'more folds than groups',
    { evaluation: { groups: true, folds: 13 } },
    grouped,
    '/evaluation/folds',
    'parts-exceed-groups',
  ],
  [
    'inner validation where a training has but one group',
    { evaluation: { groups: true, folds: 2 }, training: { earlyStopping: {} } },
    {
      dataset: dataset({
        groups: { ...patients, count: 2, ofClass: [2, 2, 2] },
        groupsSha256: '9'.repeat(64),
      }),
    },
    '/training/validationFraction',
    'validation-split-empty',
  ],
  [
    'cross-fit with a stored teacher',
    { teacher: { model: 'mdl_t' }, evaluation: { teacherPerFold: 'cross-fit' } },
    { teacher: { ...teacher, form: networkForm([8, 8, 1]), classes: 3 } },
    '/evaluation/teacherPerFold',
    'teacher-cannot-be-retrained',
  ],
  [
    'cross-fit with a term that compares layers',
    {
      objective: { variant: 'prototypical' },
      evaluation: { teacherPerFold: 'cross-fit' },
    },
    {},
    '/objective/variant',
    'not-with-cross-fit',
  ],
  [
    'cross-fit with augmented rows',
    {
      training: { augmentation: { noise: { standardDeviation: 0.1 } } },
      evaluation: { teacherPerFold: 'cross-fit' },
    },
    {},
    '/training/augmentation',
    'not-with-cross-fit',
  ],
  [
    'more inner folds than training rows of a class',
    { evaluation: { folds: 2, teacherPerFold: 'cross-fit', innerFolds: 10 } },
    { dataset: dataset({ classCounts: [42, 42, 16] }) },
    '/evaluation/innerFolds',
    'folds-exceed-class',
  ],
  [
    'inner folds without cross-fit',
    { evaluation: { innerFolds: 3 } },
    {},
    '/evaluation/innerFolds',
    'option-not-applicable',
  ],
  [
    'repeats of a holdout',
    { evaluation: { protocol: 'holdout', repeats: 2 } },
    {},
    '/evaluation/repeats',
    'option-not-applicable',
  ],
  [
    'a batch larger than the rows',
    { training: { batchSize: 81 } },
    {},
    '/training/batchSize',
    'batch-exceeds-rows',
  ],
  [
    'a batch of the teacher larger than the rows',
    { teacher: { train: { architecture: { preset: 'lenet' }, training: { batchSize: 99 } } } },
    {},
    '/teacher/train/training/batchSize',
    'batch-exceeds-rows',
  ],
  [
    'a teacher for other rows',
    { teacher: { model: 'mdl_t' } },
    { teacher },
    '/teacher/model',
    'shape-mismatch',
  ],
  [
    'a teacher for other classes',
    { teacher: { model: 'mdl_t' } },
    { teacher: { ...teacher, form: networkForm([8, 8, 1]) } },
    '/teacher/model',
    'classes-differ',
  ],
  [
    'retraining a stored teacher',
    { teacher: { model: 'mdl_t' }, evaluation: { teacherPerFold: 'retrain' } },
    { teacher: { ...teacher, classes: 3, form: networkForm([8, 8, 1]) } },
    '/evaluation/teacherPerFold',
    'teacher-cannot-be-retrained',
  ],
  [
    'outputs recorded for other rows',
    { teacher: { model: 'mdl_t' } },
    { teacher: outputs(null, 'd') },
    '/teacher/model',
    'outputs-of-other-data',
  ],
  [
    'outputs of fewer classes',
    { teacher: { model: 'mdl_t' } },
    { teacher: { ...outputs(null), classes: 2 } },
    '/teacher/model',
    'classes-differ',
  ],
  [
    'recorded outputs without those of the test set',
    { teacher: { model: 'mdl_t' }, evaluation: { testSet: { id: 'x' } } },
    { teacher: outputs(null), testSet: dataset() },
    '/teacher/model',
    'outputs-without-test-set',
  ],
  [
    'outputs recorded for another test set',
    { teacher: { model: 'mdl_t' }, evaluation: { testSet: { id: 'x' } } },
    { teacher: outputs('e'), testSet: dataset() },
    '/teacher/model',
    'outputs-of-other-data',
  ],
  [
    'a test set of other classes',
    { evaluation: { protocol: 'test-set', testSet: { id: 'x' } } },
    { testSet: dataset({ classNames: ['a', 'b', 'd'] }) },
    '/evaluation/testSet/id',
    'classes-differ',
  ],
  [
    'protocol test-set without one',
    { evaluation: { protocol: 'test-set' } },
    {},
    '/evaluation/testSet',
    'test-set-missing',
  ],
  [
    'folds of a holdout',
    { evaluation: { protocol: 'holdout', folds: 3 } },
    {},
    '/evaluation/folds',
    'option-not-applicable',
  ],
  [
    'an objective of zeros',
    { objective: { terms: [{ method: 'hard-labels', weight: 0 }] } },
    {},
    '/objective/terms',
    'objective-is-zero',
  ],
  [
    'a student with other outputs',
    { student: { architecture: { layers: [{ type: 'dense', units: 4 }] } } },
    {},
    '/student/architecture/layers/0',
    'output-is-not-classes',
  ],
  [
    'Nesterov without momentum',
    { training: { optimizer: { name: 'sgd', nesterov: true } } },
    {},
    '/training/optimizer/nesterov',
    'option-not-applicable',
  ],
  [
    'a warm-up longer than the training',
    { training: { epochs: 3, warmupEpochs: 4 } },
    {},
    '/training/warmupEpochs',
    'warmup-exceeds-epochs',
  ],
])('refuses %s', (_, changes, refs, pointer, code) => {
  expect(issuesOf(spec(changes), references(refs))).toContainEqual(
    expect.objectContaining({ pointer, code }),
  )
})

const tokenArchitecture = (inputDim: number): JobSpec['student']['architecture'] => ({
  layers: [
    { type: 'flatten' },
    { type: 'embedding', inputDim, outputDim: 4 },
    { type: 'globalAveragePooling1d' },
    { type: 'dense', units: 3 },
  ],
})
const ofTokens = (maximum: number, minimum = 0) =>
  dataset({ profile: { ...dataset().profile, minimum, maximum } })

test('rows of tokens are not normalized, for teacher and student alike', () => {
  const refs = references({ dataset: ofTokens(16) })
  const student = { architecture: tokenArchitecture(17) }
  const job = resolved(spec({ student }), refs)
  expect(job.preprocessing.normalization).toBe('none')
  expect(job.notes.join()).toMatch(/normalization: none, because an embedding reads token ids/)
  const teacher = { train: { architecture: tokenArchitecture(17) } }
  expect(resolved(spec({ teacher }), refs).preprocessing.normalization).toBe('none')
  const standardize = { preprocessing: { normalization: 'standardize' } } as const
  expect(issuesOf(spec({ student, ...standardize }), refs)).toMatchObject([
    { pointer: '/preprocessing/normalization', code: 'option-not-applicable', allowed: ['none'] },
  ])
})

test.each<[string, Parameters<typeof references>[0], number]>([
  ['a token beyond the table', { dataset: ofTokens(17) }, 1],
  ['a negative number', { dataset: ofTokens(16, -1) }, 1],
  ['a token of the test set beyond the table', { dataset: ofTokens(16), testSet: ofTokens(20) }, 1],
])('%s is refused at the size of the embedding', (_, refs, count) => {
  const student = { architecture: tokenArchitecture(17) }
  const issues = issuesOf(spec({ student, evaluation: { protocol: 'k-fold' } }), references(refs))
  const found = issues.filter(({ code }) => code === 'token-out-of-range')
  expect(found.map(({ pointer }) => pointer)).toEqual(
    Array(count).fill('/student/architecture/layers/1/inputDim'),
  )
  expect(found[0]?.message).toMatch(/ids from 0 to 16, but the (data|test )set has numbers/)
})

test('a Keras model is an architecture of teacher and student', () => {
  const dense = (name: string, units: number, activation: string) => ({
    class_name: 'Dense',
    config: { name, units, activation },
  })
  const keras = (units: number) => ({
    class_name: 'Sequential',
    config: {
      layers: [
        { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 64] } },
        dense('hidden', 5, 'relu'),
        dense('probabilities', units, 'softmax'),
      ],
    },
  })
  const of = (teacher: number, student: number) =>
    spec({
      teacher: { train: { architecture: { keras: JSON.stringify(keras(teacher)) } } },
      student: { architecture: { keras: keras(student) } },
    })
  const job = resolved(of(3, 3))
  expect(job.student.network.layers.map(({ name }) => name)).toEqual([
    'reshape_rows',
    'hidden',
    'probabilities',
  ])
  expect(job.teacher).toMatchObject({ network: job.student.network })
  expect(job.notes.filter((note) => note.includes('softmax')).length).toBe(2)
  expect(issuesOf(of(4, 5))).toMatchObject([
    { pointer: '/teacher/train/architecture/keras', code: 'output-is-not-classes' },
    {
      pointer: '/student/architecture/keras/config/layers/2',
      code: 'output-is-not-classes',
    },
  ])
  const both = { architecture: { keras: keras(3), dropout: 0.5, preset: 'mlp' } }
  expect(issuesOf(spec({ student: both })).map(({ pointer }) => pointer)).toEqual([
    '/student/architecture/dropout',
    '/student/architecture/preset',
  ])
})

test('several mistakes are told at once', () => {
  const issues = issuesOf(
    spec({
      student: { architecture: { layers: [{ type: 'dense', units: 4 }] } },
      training: { batchSize: 1000 },
      evaluation: { folds: 50 },
    }),
  )
  expect(issues.map((issue) => issue.pointer).sort()).toEqual([
    '/evaluation/folds',
    '/student/architecture/layers/0',
    '/training/batchSize',
  ])
})

test('recorded outputs teach the rows they were recorded for, in every fold alike', () => {
  const job = resolved(
    spec({ teacher: { model: 'mdl_t' }, evaluation: { testSet: { id: 'x' } } }),
    references({ teacher: outputs('c'), testSet: dataset() }),
  )
  expect(job.teacher).toEqual({ kind: 'model', modelId: 'mdl_t', form: outputs('c').form })
  expect(job.evaluation.teacherPerFold).toBe('frozen')
})

test('early stopping sets a tenth of the training rows aside unless told otherwise', () => {
  const trainingOf = (training: NonNullable<JobSpec['training']>) =>
    resolved(spec({ training })).student.training
  expect(trainingOf({})).toMatchObject({ validationFraction: null, earlyStopping: null })
  expect(trainingOf({ validationFraction: 0.3 })).toMatchObject({
    validationFraction: 0.3,
    earlyStopping: null,
  })
  expect(trainingOf({ earlyStopping: {} })).toMatchObject({
    validationFraction: 0.1,
    earlyStopping: { monitor: 'validation-loss', patience: 5, minDelta: 0, restoreBest: true },
  })
})

test('a validation part that no row can go into is refused where it is asked for', () => {
  const given = { transfer: { labelledFraction: 0.01 }, training: { earlyStopping: {} } }
  expect(issuesOf(spec(given))).toMatchObject([
    { pointer: '/training/validationFraction', code: 'validation-split-empty' },
  ])
})

test('rows that are set aside are not there for a batch', () => {
  const training = { batchSize: 80, validationFraction: 0.5 }
  expect(issuesOf(spec({ training: { batchSize: 80 } }))).toEqual([])
  expect(issuesOf(spec({ training }))).toMatchObject([
    { pointer: '/training/batchSize', code: 'batch-exceeds-rows' },
  ])
  expect(resolved(spec({ training: { validationFraction: 0.5 } })).student.training.batchSize).toBe(
    40,
  )
})

const vectors = references({ dataset: dataset({ inputShape: [64] }) })
const dense = {
  train: { architecture: { preset: 'mlp' as const, hiddenUnits: [8] } },
}

test('augmentation is resolved to pixels, for rows that are images', () => {
  const augmentation = { shift: { fraction: 0.25 }, mixup: { alpha: 0.2 } }
  expect(resolved(spec({ training: { augmentation } })).student.training.augmentation).toEqual({
    shift: { rows: 2, columns: 2, fill: 'zero' },
    flip: null,
    noise: null,
    mixup: { alpha: 0.2 },
  })
  const forVectors = { noise: { standardDeviation: 0.1 }, mixup: { alpha: 1 } }
  expect(
    issuesOf(spec({ teacher: dense, training: { augmentation: forVectors } }), vectors),
  ).toEqual([])
})

test.each([
  [{ shift: { pixels: 1 } }, vectors, '/shift', 'option-not-applicable'],
  [{ flip: 'horizontal' as const }, vectors, '/flip', 'option-not-applicable'],
  [{ shift: { pixels: 8 } }, references(), '/shift', 'shift-exceeds-image'],
  [{ shift: { fraction: 0.01 } }, references(), '/shift', 'shift-is-zero'],
  [{ shift: { pixels: 1, fraction: 0.1 } }, references(), '/shift', 'exactly-one'],
  [{ shift: {} }, references(), '/shift', 'exactly-one'],
])(
  'an augmentation %j that cannot be is refused where it stands',
  (augmentation, refs, at, code) => {
    expect(issuesOf(spec({ teacher: dense, training: { augmentation } }), refs)).toMatchObject([
      { pointer: `/training/augmentation${at}`, code },
    ])
    const teacher = { train: { ...dense.train, training: { augmentation } } }
    expect(issuesOf(spec({ teacher }), refs)).toMatchObject([
      { pointer: `/teacher/train/training/augmentation${at}`, code },
    ])
  },
)

test('token ids are neither mixed nor disturbed', () => {
  const tokens = references({
    dataset: dataset({
      inputShape: [12],
      profile: { minimum: 0, maximum: 9, mean: 4, standardDeviation: 2, featureNames: null },
    }),
  })
  const student = {
    architecture: {
      layers: [
        { type: 'embedding' as const, inputDim: 10, outputDim: 4 },
        { type: 'flatten' as const },
        { type: 'dense' as const, units: 3 },
      ],
    },
  }
  const augmentation = { noise: { standardDeviation: 0.1 }, mixup: { alpha: 1 } }
  expect(
    issuesOf(spec({ teacher: dense, student, training: { augmentation } }), tokens),
  ).toMatchObject([
    { pointer: '/training/augmentation/noise', code: 'option-not-applicable' },
    { pointer: '/training/augmentation/mixup', code: 'option-not-applicable' },
  ])
})

test('a teacher that is no network cannot answer rows that are augmented while a student is trained', () => {
  const given = {
    teacher: { model: 'mdl_t' },
    training: { augmentation: { noise: { standardDeviation: 0.1 } } },
  }
  const refs = references({ teacher: outputs(null), dataset: dataset() })
  expect(issuesOf(spec(given), refs)).toMatchObject([
    { pointer: '/training/augmentation', code: 'teacher-not-a-network' },
  ])
  const labelsOnly = { ...given, objective: { terms: [{ method: 'hard-labels' as const }] } }
  expect(issuesOf(spec(labelsOnly), refs)).toEqual([])
})

test('a teacher that is no network cannot show what its layers give', () => {
  const given = { teacher: { model: 'mdl_t' }, objective: { variant: 'feature' } } as const
  const refs = references({ teacher: outputs(null), dataset: dataset() })
  expect(issuesOf(spec(given), refs)).toMatchObject([
    { pointer: '/teacher/model', code: 'teacher-not-a-network' },
  ])
  expect(issuesOf(spec({ ...given, objective: { variant: 'category' } }), refs)).toEqual([])
})
