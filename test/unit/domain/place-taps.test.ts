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

/** Maps of 8 × 8 (twice), of 4 × 4 after padding, of 2 × 2. */
const staged: readonly LayerSpec[] = [
  { type: 'conv2d', name: 'a1', filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' },
  { type: 'conv2d', name: 'a2', filters: 4, kernelSize: 3, padding: 'same', useBias: false },
  {
    type: 'zeroPadding2d',
    name: 'border',
    padding: [
      [0, 1],
      [0, 1],
    ],
  },
  { type: 'conv2d', name: 'b1', filters: 6, kernelSize: 3, strides: 2 },
  { type: 'maxPooling2d', name: 'c1', poolSize: 2 },
  { type: 'conv2d', name: 'c2', filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' },
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'logits', units: 3 },
]
const stagedJob = (term: TermSpec): JobSpec =>
  job([term], {
    teacher: { train: { architecture: { layers: [...staged] } } },
    student: { architecture: { layers: [...staged] } },
  })

test('a flow goes from the end of the first stage to the end of the last', () => {
  expect(tapsOf(stagedJob({ method: 'fsp' }))).toEqual({
    student: ['a2', 'c2'],
    teacher: ['a2', 'c2'],
  })
  const asked = { method: 'fsp', taps: { student: ['a1', 'b1'] } } as const
  expect(tapsOf(stagedJob(asked))).toEqual({ student: ['a1', 'b1'], teacher: ['a2', 'c2'] })
})

test('a flow inside one stage goes from its first layer to its last', () => {
  const layers: readonly LayerSpec[] = [...staged.slice(0, 2), ...staged.slice(-2)]
  const given = job([{ method: 'fsp' }], { student: { architecture: { layers: [...layers] } } })
  expect(tapsOf(given)?.student).toEqual(['a1', 'a2'])
})

test('a flow whose channels differ is noted with what both projectors have', () => {
  const given = job([{ method: 'fsp', taps: { student: ['a1', 'c2'], teacher: ['b1', 'c2'] } }], {
    teacher: { train: { architecture: { layers: [...staged] } } },
    student: { architecture: { layers: [...staged] } },
  })
  // 4 channels to 6, with a bias; 8 to 8 needs none.
  expect(resolved(given).notes.join()).toMatch(
    /a1 \[8, 8, 4\] and c2 \[2, 2, 8\] of the student with b1 .* through a projector of 30 trained/,
  )
})

test.each<[string, TermSpec, string, string]>([
  [
    'a layer that there is not',
    { method: 'fsp', taps: { teacher: ['a1', 'nope'] } },
    '/objective/terms/0/taps/teacher/1',
    'unknown-layer',
  ],
  [
    'a vector',
    { method: 'fsp', taps: { student: ['a1', 'flat'] } },
    '/objective/terms/0/taps/student/1',
    'tap-does-not-fit',
  ],
  [
    'a later layer first',
    { method: 'fsp', taps: { student: ['c2', 'a1'] } },
    '/objective/terms/0/taps/student',
    'taps-not-in-order',
  ],
  [
    'one layer twice',
    { method: 'fsp', taps: { student: ['a1', 'a1'] } },
    '/objective/terms/0/taps/student',
    'taps-not-in-order',
  ],
])('a list of taps with %s is refused, with the legal ones', (_, term, pointer, code) => {
  const maps = ['a1:before-activation', 'a1', 'a2', 'border', 'b1', 'c1']
  expect(issuesOf(stagedJob(term))).toMatchObject([
    { pointer, code, allowed: [...maps, 'c2:before-activation', 'c2'] },
  ])
})

test('stages are reviewed at their ends, as many of the one network as of the other', () => {
  const review = { method: 'review' } as const
  expect(tapsOf(stagedJob(review))).toEqual({
    student: ['a2', 'b1', 'c2'],
    teacher: ['a2', 'b1', 'c2'],
  })
  const small = job([review], { teacher: { train: { architecture: { layers: [...staged] } } } })
  expect(tapsOf(small)).toEqual({ student: ['conv', 'pool'], teacher: ['b1', 'c2'] })
  expect(resolved(small).notes.join()).toMatch(
    // conv 4→4 + 8, 9·4·6 + 12, attention 16 + 2; pool 4→4 + 8, 9·4·8 + 16.
    /through a projector of 598 trained weights/,
  )
  const one = { ...review, taps: { teacher: ['b1'] } }
  expect(tapsOf(stagedJob(one))).toEqual({ student: ['c2'], teacher: ['b1'] })
})

test('stages without a counterpart are refused, with the layers that there are', () => {
  const taps = { student: ['a1', 'a2', 'b1', 'c2'] }
  expect(issuesOf(stagedJob({ method: 'review', taps }))).toMatchObject([
    {
      pointer: '/objective/terms/0/taps/teacher',
      code: 'taps-do-not-fit',
      allowed: expect.arrayContaining(['a1', 'c2']),
    },
  ])
  const both = { student: ['a1', 'b1'], teacher: ['a2'] }
  expect(issuesOf(stagedJob({ method: 'review', taps: both }))).toMatchObject([
    { pointer: '/objective/terms/0/taps', code: 'taps-do-not-fit' },
  ])
})

test('dense networks have no flow, and are told what they can do', () => {
  const dense = { architecture: { preset: 'mlp' as const, hiddenUnits: [8] } }
  const given = job([{ method: 'fsp' }], { student: dense, teacher: { train: dense } })
  const [issue, ...others] = issuesOf(given)
  expect(others).toEqual([])
  expect(issue).toMatchObject({ pointer: '/objective/terms/0/method', code: 'no-taps' })
  expect(issue?.allowed).toContain('feature-hint')
  expect(issue?.allowed).not.toContain('attention-transfer')
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
