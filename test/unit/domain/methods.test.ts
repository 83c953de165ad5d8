import { expect, test } from 'vitest'
import { METHOD_CARDS } from '../../../src/domain/methods/cards.ts'
import { JOB_METHODS } from '../../../src/domain/methods/job-methods.ts'
import {
  METHODS,
  resolveObjective,
  type TermSpec,
  VARIANTS,
} from '../../../src/domain/objective.ts'
import { dataset, issuesOf, references, resolved, spec } from '../../support/specs.ts'

const termOf = (method: string, options: object = {}): TermSpec =>
  ({ method, ...options }) as TermSpec

test('what a job can name, what the API lists and what has a schema are the same methods', () => {
  expect(Object.keys(METHODS)).toEqual([...JOB_METHODS])
  for (const [method, { term, options, title }] of Object.entries(METHODS)) {
    expect(title).toBe(METHOD_CARDS[method as keyof typeof METHOD_CARDS].title)
    const { properties } = term as { properties: Record<string, { const?: string }> }
    expect(properties.method?.const).toBe(method)
    for (const option of Object.keys(options)) expect(properties).toHaveProperty(option)
  }
})

test.each(JOB_METHODS)('a term of %s without options has the defaults of its card', (method) => {
  const [term] = resolveObjective({ terms: [termOf(method)] })
  for (const [name, schema] of Object.entries(METHOD_CARDS[method].options))
    expect(term).toHaveProperty(name, (schema as { default: unknown }).default)
  expect(term?.weight).toBeGreaterThan(0)
})

test('an option of the client wins over the default', () => {
  const [term] = resolveObjective({ terms: [termOf('decoupled', { beta: 2, weight: 0.5 })] })
  expect(term).toEqual({ method: 'decoupled', weight: 0.5, alpha: 1, beta: 2, temperature: 4 })
})

test('category is hard labels and soft targets, which is also the default', () => {
  const [byVariant, byDefault] = [resolveObjective({ variant: 'category' }), resolveObjective()]
  expect(byVariant).toEqual(byDefault)
  expect(byVariant.map(({ method }) => method).toSorted()).toEqual(['hard-labels', 'soft-targets'])
})

test.each(Object.entries(VARIANTS))(
  'the variant %s has terms that all can be named',
  (_, terms) => {
    for (const { method } of terms) expect(JOB_METHODS).toContain(method)
  },
)

test('decoupled needs three classes', () => {
  const two = dataset({ classNames: ['a', 'b'], classCounts: [50, 50] })
  const terms = [termOf('hard-labels'), termOf('decoupled')]
  expect(issuesOf(spec({ objective: { terms } }), references({ dataset: two }))).toMatchObject([
    { pointer: '/objective/terms/1/method', code: 'too-few-classes' },
  ])
  expect(resolved(spec({ objective: { terms } })).objective).toHaveLength(2)
})

test('DIST needs three rows in a batch', () => {
  const given = spec({ objective: { terms: [termOf('dist')] }, training: { batchSize: 2 } })
  expect(issuesOf(given)).toMatchObject([
    { pointer: '/training/batchSize', code: 'batch-too-small' },
  ])
})

test('triples of a batch must fit in memory', () => {
  const large = references({ dataset: dataset({ rows: 10_000, classCounts: [4000, 4000, 2000] }) })
  const terms = [termOf('relational'), termOf('hard-labels')]
  const of = (batchSize: number) => spec({ objective: { terms }, training: { batchSize } })
  expect(issuesOf(of(256), large)).toEqual([])
  expect(issuesOf(of(257), large)).toMatchObject([
    { pointer: '/training/batchSize', code: 'batch-too-large' },
  ])
})

const contrasting = (options: object = {}, changes: Parameters<typeof spec>[0] = {}) =>
  spec({
    objective: { terms: [termOf('contrastive', options), termOf('hard-labels')] },
    ...changes,
  })

test.each([
  // Four of five folds are trained on; a row is none of the others.
  ['all others', 100, {}, {}, 79],
  ['no more than 1024', 10_000, {}, {}, 1024],
  ['what 64 MiB hold', 10_000, { width: 512 }, {}, 511],
  ['what 64 MiB hold of a large batch', 10_000, {}, { training: { batchSize: 512 } }, 255],
])('a row is told from %s where the client says nothing', (_, rows, options, changes, wanted) => {
  const refs = references({
    dataset: dataset({ rows, classCounts: [rows / 2, rows / 4, rows / 4] }),
  })
  const job = resolved(contrasting(options, changes), refs)
  expect(job.objective[0]).toMatchObject({ method: 'contrastive', negatives: wanted })
  expect(job.notes.join()).toContain(`each row is told from ${wanted} others`)
  const asked = resolved(contrasting({ ...options, negatives: 5 }, changes), refs)
  expect(asked.objective[0]).toMatchObject({ negatives: 5 })
})

test.each<[string, number, object, object, string, string]>([
  ['more others than there are', 100, { negatives: 80 }, {}, '/negatives', 'too-many-negatives'],
  ['more than 256 MiB hold', 40_000, { negatives: 8192 }, {}, '/negatives', 'too-many-negatives'],
  ['memories above 512 MiB', 100_000, { width: 672 }, {}, '/width', 'memories-too-large'],
])('contrasting with %s is refused', (_, rows, options, changes, field, code) => {
  const refs = references({
    dataset: dataset({ rows, classCounts: [rows / 2, rows / 4, rows / 4] }),
  })
  const issues = issuesOf(contrasting(options, changes), refs)
  expect(issues).toMatchObject([{ pointer: `/objective/terms/0${field}`, code }])
})

test('rows that are mixed of two cannot be remembered', () => {
  const training = { augmentation: { mixup: { alpha: 0.2 } } }
  expect(issuesOf(contrasting({}, { training }))).toMatchObject([
    { pointer: '/training/augmentation/mixup', code: 'option-not-applicable' },
  ])
})

const HINTS_FIRST = {
  stages: [
    { epochs: 4, terms: [termOf('feature-hint')] },
    { epochs: 6, terms: [termOf('soft-targets'), termOf('hard-labels', { weight: 0.1 })] },
  ],
}

test('stages make up the training, of the control too', () => {
  const job = resolved(spec({ objective: HINTS_FIRST }))
  expect(job.student.training.epochs).toBe(10)
  expect(job.stages?.map(({ epochs, objective }) => [epochs, objective.length])).toEqual([
    [4, 1],
    [6, 2],
  ])
  expect(job.stages?.[0]?.objective[0]?.taps).toBeDefined()
  expect(job.objective).toHaveLength(3)
  expect(resolved(spec())).not.toHaveProperty('stages')
})

test.each([
  ['another number of epochs', { training: { epochs: 20 } }, '/training/epochs', 'epochs-differ'],
  [
    'early stopping',
    { training: { earlyStopping: { patience: 2 } } },
    '/training/earlyStopping',
    'option-not-applicable',
  ],
  [
    'a warm-up',
    { training: { warmupEpochs: 5 } },
    '/training/warmupEpochs',
    'warmup-exceeds-epochs',
  ],
  [
    'a stage that learns nothing',
    {
      objective: {
        stages: [
          { epochs: 1, terms: [termOf('soft-targets', { weight: 0 })] },
          { epochs: 1, terms: [termOf('soft-targets')] },
        ],
      },
    },
    '/objective/stages/0/terms',
    'objective-is-zero',
  ],
  [
    'a layer that there is not',
    {
      objective: {
        stages: [
          { epochs: 1, terms: [termOf('hard-labels')] },
          {
            epochs: 1,
            terms: [termOf('hard-labels'), termOf('feature-hint', { taps: { teacher: 'nope' } })],
          },
        ],
      },
    },
    '/objective/stages/1/terms/1/taps/teacher',
    'unknown-layer',
  ],
])('stages with %s are refused', (_, changes, pointer, code) => {
  expect(issuesOf(spec({ objective: HINTS_FIRST, ...changes }))).toMatchObject([{ pointer, code }])
})
