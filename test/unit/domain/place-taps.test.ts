import { expect, test } from 'vitest'
import { IssueList } from '../../../src/domain/issue-list.ts'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { resolveObjective, type TermSpec, VARIANTS } from '../../../src/domain/objective.ts'
import { placeTaps } from '../../../src/domain/place-taps.ts'
import { issuesOf, references, resolved, spec } from '../../support/specs.ts'

const LABELS: TermSpec = { method: 'hard-labels' }
const convolutional: readonly LayerSpec[] = [
  { type: 'conv2d', name: 'conv', filters: 4, kernelSize: 3, activation: 'relu' },
  { type: 'maxPooling2d', name: 'pool', poolSize: 2 },
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'features', units: 12, activation: 'relu' },
  { type: 'dropout', name: 'drop', rate: 0.5 },
  { type: 'dense', name: 'logits', units: 3 },
]
const job = (terms: readonly TermSpec[], changes: Partial<JobSpec> = {}): JobSpec =>
  spec({
    student: { architecture: { layers: [...convolutional] } },
    objective: { terms: [...terms, LABELS] },
    ...changes,
  })
const tapsOf = (given: JobSpec) => resolved(given).objective[0]?.taps

test('features are compared where classes are told by them, dropout aside', () => {
  expect(tapsOf(job([{ method: 'feature-hint' }]))).toEqual({
    student: 'features',
    teacher: 'dense_6',
  })
})

test('maps are compared at the last ones of more than one position', () => {
  const { teacher } = tapsOf(job([{ method: 'attention-transfer' }])) ?? {}
  expect(tapsOf(job([{ method: 'attention-transfer' }]))?.student).toBe('pool')
  expect(teacher).toMatch(/pool/i)
})

test('responses are compared before an activation', () => {
  expect(tapsOf(job([{ method: 'activation-boundaries' }]))?.student).toBe(
    'features:before-activation',
  )
})

test('what was chosen, and the weights of a projector, are noted', () => {
  const { notes } = resolved(job([{ method: 'feature-hint' }]))
  const note = notes.find((one) => one.startsWith('/objective/terms/0/taps'))
  expect(note).toMatch(/features \[12\] of the student with .*through a projector of \d+ trained/)
  const same = resolved(job([{ method: 'relational' }])).notes
  expect(same.join()).not.toContain('projector')
})

test('one tap of the client is kept, and the other chosen to fit', () => {
  const taps = { student: 'conv' }
  expect(tapsOf(job([{ method: 'feature-hint', taps }]))?.student).toBe('conv')
  const teacher = tapsOf(job([{ method: 'feature-hint', taps }]))?.teacher ?? ''
  expect(teacher).toMatch(/conv|pool/i)
})

test.each<[string, JobSpec, string, string]>([
  [
    'a layer that there is not',
    job([{ method: 'feature-hint', taps: { student: 'nope' } }]),
    '/objective/terms/0/taps/student',
    'unknown-layer',
  ],
  [
    'a vector where a map is needed',
    job([{ method: 'attention-transfer', taps: { student: 'features' } }]),
    '/objective/terms/0/taps/student',
    'tap-does-not-fit',
  ],
  [
    'a map where a vector is needed',
    job([{ method: 'prototype-direction', taps: { student: 'pool' } }]),
    '/objective/terms/0/taps/student',
    'tap-does-not-fit',
  ],
  [
    'a map against a vector',
    job([{ method: 'feature-hint', taps: { student: 'pool', teacher: 'dense_6' } }]),
    '/objective/terms/0/taps',
    'taps-do-not-fit',
  ],
  [
    'a student without maps',
    job([{ method: 'attention-transfer' }], {
      student: { architecture: { preset: 'mlp', hiddenUnits: [8] } },
    }),
    '/objective/terms/0/method',
    'no-taps',
  ],
  [
    'a variant that the student has no maps for',
    spec({ objective: { variant: 'key-point' } }),
    '/objective/variant',
    'no-taps',
  ],
  [
    'nothing that trains the last layer',
    job([{ method: 'feature-hint' }, { ...LABELS, weight: 0 }], {
      objective: { terms: [{ method: 'feature-hint' }] },
    }),
    '/objective/terms/0',
    'logits-not-trained',
  ],
  [
    'too few rows for triples',
    job([{ method: 'relational' }], { training: { batchSize: 2 } }),
    '/training/batchSize',
    'batch-too-small',
  ],
])('%s is refused', (_, given, pointer, code) => {
  expect(issuesOf(given)).toMatchObject([{ pointer, code }])
})

test('a refusal lists the legal taps', () => {
  const [byLayer] = issuesOf(job([{ method: 'attention-transfer', taps: { student: 'nope' } }]))
  expect(byLayer?.allowed).toEqual(['conv:before-activation', 'conv', 'pool'])
  const taps = { student: 'pool', teacher: 'dense_6' }
  const [byPair] = issuesOf(job([{ method: 'feature-hint', taps }]))
  expect(byPair?.allowed).toContain('student features [12], teacher dense_6 [84]')
})

test('a teacher that is no network cannot be asked for what its layers give', () => {
  const issues = new IssueList()
  const student = resolved(job([])).student.network
  placeTaps(
    resolveObjective({ variant: 'feature' }),
    { student, teacher: null, isTeacherKnown: true, pointerOf: () => '/objective' },
    issues,
    [],
  )
  expect(issues.found).toMatchObject([{ pointer: '/teacher/model', code: 'teacher-not-a-network' }])
})

test('every variant works with convolutional networks', () => {
  for (const variant of Object.keys(VARIANTS) as (keyof typeof VARIANTS)[]) {
    const { objective } = resolved(job([], { objective: { variant } }), references())
    expect(objective.length).toBeGreaterThan(1)
  }
})

test('class maps are read where a mean over positions makes the logits, and nowhere else', () => {
  const residual = (preset: 'resnet8' | 'resnet20') => ({ architecture: { preset } })
  const given = job([{ method: 'class-attention' }], {
    teacher: { train: residual('resnet20') },
    student: residual('resnet8'),
  })
  const { objective, student, notes } = resolved(given)
  const mean = student.network.layers.findIndex(
    ({ layer }) => layer.type === 'globalAveragePooling2d',
  )
  expect(student.network.layers[mean]?.inputs).toEqual([objective[0]?.taps?.student])
  expect(notes.join()).not.toContain('projector')
  expect(issuesOf(job([{ method: 'class-attention' }]))).toMatchObject([
    { pointer: '/objective/terms/0/method', code: 'no-taps' },
  ])
})
