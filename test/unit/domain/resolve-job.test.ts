import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Model } from '../../../src/domain/model.ts'
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

const teacher: Model = {
  id: 'mdl_t',
  name: 'teacher',
  source: 'upload',
  network: { inputShape: [28, 28, 1], layers: [] },
  normalization: null,
  classes: 10,
  classNames: null,
  parameters: 1,
  sizeBytes: 1,
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
    { teacher: { ...teacher, network: { inputShape: [8, 8, 1], layers: [] } } },
    '/teacher/model',
    'classes-differ',
  ],
  [
    'retraining a stored teacher',
    { teacher: { model: 'mdl_t' }, evaluation: { teacherPerFold: 'retrain' } },
    { teacher: { ...teacher, classes: 3, network: { inputShape: [8, 8, 1], layers: [] } } },
    '/evaluation/teacherPerFold',
    'teacher-cannot-be-retrained',
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
