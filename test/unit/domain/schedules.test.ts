import { expect, test } from 'vitest'
import { type Objective, resolveObjective, type TermSpec } from '../../../src/domain/objective.ts'
import { numberAt, type TermSchedule, weightAt } from '../../../src/domain/term-schedule.ts'
import { issuesOf, resolved, spec } from '../../support/specs.ts'

const SOFT = { method: 'soft-targets' } as const
const HARD = { method: 'hard-labels' } as const

/** By hand: cos 45° = √2 / 2, cos 60° = 1/2. */
test.each<[string, TermSchedule, [number, number][]]>([
  [
    'FitNets: 4 to 0 between epochs 5 and 150, linearly',
    { from: 4, to: 0, shape: 'linear', startEpoch: 5, endEpoch: 150 },
    [
      [0, 4],
      [5, 4],
      [34, 3.2],
      [77.5, 2],
      [121, 0.8],
      [149.9999, 4 * (0.0001 / 145)],
      [150, 0],
      [400, 0],
    ],
  ],
  [
    'up along a cosine',
    { from: 1, to: 5, shape: 'cosine', startEpoch: 0, endEpoch: 12 },
    [
      [0, 1],
      [3, 3 - Math.SQRT2],
      [4, 2],
      [6, 3],
      [8, 4],
      [9, 3 + Math.SQRT2],
      [12, 5],
      [13, 5],
    ],
  ],
  [
    'a step',
    { from: 0.9, to: 0.1, shape: 'step', startEpoch: 0, endEpoch: 3 },
    [
      [0, 0.9],
      [2.99, 0.9],
      [3, 0.1],
      [10, 0.1],
    ],
  ],
])('%s has the values of a table', (_, schedule, table) => {
  for (const [epochs, value] of table) expect(numberAt(schedule, epochs)).toBeCloseTo(value, 9)
})

test('a term is switched off from the first step after its last epoch', () => {
  const weight = { from: 2, to: 4, shape: 'linear', startEpoch: 0, endEpoch: 2 } as const
  const term = { weight, untilEpoch: 2 }
  expect([0, 1, 1.75, 2, 3].map((epochs) => weightAt(term, epochs))).toEqual([2, 3, 3.75, 0, 0])
})

test('schedules are filled up with the epochs of the training, or of their stage', () => {
  const terms: TermSpec[] = [
    { ...SOFT, weight: { from: 0, to: 1 }, temperature: { from: 8, to: 2, shape: 'cosine' } },
    HARD,
  ]
  const full = { shape: 'linear', startEpoch: 0, endEpoch: 30 }
  const { objective } = resolved(spec({ objective: { terms }, training: { epochs: 30 } }))
  expect(objective[0]).toEqual({
    method: 'soft-targets',
    weight: { ...full, from: 0, to: 1 },
    temperature: { ...full, from: 8, to: 2, shape: 'cosine' },
  })
  const stages = [
    { epochs: 4, terms: [HARD] },
    { epochs: 6, terms },
  ]
  const staged = resolved(spec({ objective: { stages }, training: {} }))
  expect(staged.stages?.[1]?.objective[0]?.weight).toEqual({ ...full, from: 0, to: 1, endEpoch: 6 })
})

test('distillUntilEpoch switches off what needs the teacher, unless a term says otherwise', () => {
  expect(resolveObjective({ variant: 'category', distillUntilEpoch: 5 })).toEqual([
    { method: 'soft-targets', weight: 0.9, temperature: 4, untilEpoch: 5 },
    { method: 'hard-labels', weight: 0.1, labelSmoothing: 0 },
  ])
  const terms = [SOFT, { method: 'logit-mse', untilEpoch: 3 } as const, HARD]
  const of = resolveObjective({ terms, distillUntilEpoch: 5 })
  expect(of.map(({ untilEpoch }) => untilEpoch)).toEqual([5, 3, undefined])
  expect(resolveObjective({ distillUntilEpoch: 2 })).toHaveLength(2)
})

const soft = (fields: object): Objective => ({
  terms: [{ ...SOFT, ...fields } as TermSpec, HARD],
})
test.each<[string, Objective, string, string]>([
  [
    'ends before it begins',
    soft({ weight: { from: 1, to: 0, startEpoch: 5, endEpoch: 4 } }),
    '/objective/terms/0/weight/endEpoch',
    'schedule-ends-before-start',
  ],
  [
    'never reaches its end',
    soft({ weight: { from: 1, to: 0, endEpoch: 11 } }),
    '/objective/terms/0/weight/endEpoch',
    'schedule-exceeds-epochs',
  ],
  [
    'steps after the training',
    soft({ temperature: { from: 4, to: 1, shape: 'step' } }),
    '/objective/terms/0/temperature/endEpoch',
    'schedule-exceeds-epochs',
  ],
  [
    'gives a step a beginning',
    soft({ weight: { from: 1, to: 0, shape: 'step', startEpoch: 1, endEpoch: 2 } }),
    '/objective/terms/0/weight/startEpoch',
    'option-not-applicable',
  ],
  [
    'switches a term off after the training',
    soft({ untilEpoch: 10 }),
    '/objective/terms/0/untilEpoch',
    'schedule-exceeds-epochs',
  ],
  [
    'switches the teacher off after the training',
    { distillUntilEpoch: 10 },
    '/objective/distillUntilEpoch',
    'schedule-exceeds-epochs',
  ],
  [
    'switches off a teacher that is not asked',
    { terms: [HARD], distillUntilEpoch: 2 },
    '/objective/distillUntilEpoch',
    'option-not-applicable',
  ],
  [
    'leaves nothing to learn',
    { terms: [SOFT], distillUntilEpoch: 2 },
    '/objective',
    'objective-is-zero',
  ],
  [
    'leaves nothing to learn in the middle',
    {
      terms: [
        { ...SOFT, untilEpoch: 2 },
        { ...HARD, weight: { from: 0, to: 1, startEpoch: 4, endEpoch: 8 } },
      ],
    },
    '/objective',
    'objective-is-zero',
  ],
  [
    'switches the teacher off in stages',
    {
      stages: [
        { epochs: 4, terms: [SOFT] },
        { epochs: 6, terms: [HARD] },
      ],
      distillUntilEpoch: 2,
    },
    '/objective/distillUntilEpoch',
    'option-not-applicable',
  ],
  [
    'reaches beyond its stage',
    {
      stages: [
        { epochs: 4, terms: [HARD] },
        { epochs: 6, terms: [{ ...SOFT, weight: { from: 1, to: 0.5, endEpoch: 7 } }] },
      ],
    },
    '/objective/stages/1/terms/0/weight/endEpoch',
    'schedule-exceeds-epochs',
  ],
  [
    'has terms from two places',
    { variant: 'category', terms: [SOFT, HARD] },
    '/objective',
    'choose-one',
  ],
])('an objective that %s is refused where it does', (_, objective, pointer, code) => {
  const training = objective.stages ? {} : { epochs: 10 }
  expect(issuesOf(spec({ objective, training }))).toMatchObject([{ pointer, code }])
})

test('suggestWeights is resolved to a number of batches, and needs two terms to compare', () => {
  const of = (objective: Objective) => resolved(spec({ objective })).suggestWeights
  expect(of({ variant: 'category', suggestWeights: true })).toEqual({ steps: 8 })
  expect(of({ suggestWeights: { steps: 2 } })).toEqual({ steps: 2 })
  expect(of({ suggestWeights: {} })).toEqual({ steps: 8 })
  expect(of({ variant: 'category', suggestWeights: false })).toBeUndefined()
  const alone: Objective = {
    terms: [SOFT, { ...HARD, weight: 0 }],
    suggestWeights: true,
  }
  expect(issuesOf(spec({ objective: alone }))).toMatchObject([
    { pointer: '/objective/suggestWeights', code: 'option-not-applicable' },
  ])
})

test('schedules that make sense are not refused', () => {
  const terms: TermSpec[] = [
    { ...SOFT, weight: { from: 4, to: 0, startEpoch: 1, endEpoch: 10 } },
    { ...HARD, weight: { from: 0, to: 1, endEpoch: 0.5 } },
  ]
  expect(issuesOf(spec({ objective: { terms }, training: { epochs: 10 } }))).toEqual([])
  const alone: TermSpec[] = [{ ...SOFT, weight: { from: 0, to: 1 } }]
  expect(issuesOf(spec({ objective: { terms: alone }, training: { epochs: 10 } }))).toEqual([])
})
