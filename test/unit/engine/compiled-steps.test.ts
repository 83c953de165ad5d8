import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { LABELS_ONLY, resolveObjective } from '../../../src/domain/objective.ts'
import type { TrainingSpec } from '../../../src/domain/training.ts'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { fedBatches } from '../../../workers/engine/compile/fed-data.ts'
import { residentBatches } from '../../../workers/engine/compile/resident-data.ts'
import { measurementCount } from '../../../workers/engine/measurements.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize, type NamedArray } from '../../../workers/engine/weights.ts'
import {
  BATCH,
  compiled,
  data,
  eager,
  expectClose,
  inputOf,
  type Make,
  mlp,
  optimizerOf,
  outcome,
  rows,
  SHAPE,
} from './step-outcomes.ts'
import {
  asTokens,
  BRANCHES,
  EVERY_LAYER,
  MORE_LAYERS,
  networkOf,
  rowNumbers,
  SEQUENCES,
  TOKENS,
} from './support.ts'

const fed: Make = (input) =>
  compiledRunner(input, optimizerOf(input), { source: fedBatches(input) })

afterEach(() => expect(tf.memory().numTensors).toBe(0))

test.each<[string, TrainingSpec]>([
  ['sgd', { optimizer: { name: 'sgd' } }],
  ['sgd with momentum', { optimizer: { name: 'sgd', momentum: 0.9 } }],
  ['Nesterov', { optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 } }],
  ['adam', { optimizer: { name: 'adam' } }],
  ['adam with weight decay', { optimizer: { name: 'adam', weightDecay: 0.1 } }],
  ['adamw', { optimizer: { name: 'adamw', weightDecay: 0.1 } }],
  ['rmsprop', { optimizer: { name: 'rmsprop', weightDecay: 0.01 } }],
  ['clipped gradients', { clipNorm: 0.1 }],
])('a dense net trained with %s as a graph is bitwise the eager one', (_, spec) => {
  const input = inputOf({}, spec)
  expect(outcome(compiled, input)).toEqual(outcome(eager, input))
})

test.each([
  ['labels alone', LABELS_ONLY],
  ['the teacher alone', resolveObjective({ terms: [{ method: 'soft-targets', weight: 1 }] })],
  [
    'another temperature',
    resolveObjective({
      terms: [
        { method: 'soft-targets', weight: 0.5, temperature: 2.5 },
        { method: 'hard-labels', weight: 0.5, labelSmoothing: 0.2 },
      ],
    }),
  ],
])('an objective of %s is bitwise the eager one', (_, objective) => {
  const withTeacher = objective.some(({ method }) => method === 'soft-targets')
  const input = inputOf({ objective, ...(withTeacher ? {} : { teacherLogits: null }) })
  const want = outcome(eager, input)
  expect(outcome(compiled, input)).toEqual(want)
  expect(want.measured.length).toBe(2 * 3 * measurementCount(objective.length))
})

/** A bias before a normalization has no gradient but rounding, which nothing can be compared with. */
const branches = BRANCHES.map((layer) =>
  layer.name === 'conv1' && layer.type === 'conv2d' ? { ...layer, useBias: false } : layer,
)
const END: readonly LayerSpec[] = [{ type: 'flatten' }, { type: 'dense', units: 3 }]
test.each<[string, readonly LayerSpec[]]>([
  ['conv2d', [{ type: 'conv2d', filters: 3, kernelSize: 3, activation: 'relu' }, ...END]],
  ['maxPooling2d', [{ type: 'maxPooling2d', poolSize: 2, padding: 'same' }, ...END]],
  ['averagePooling2d', [{ type: 'averagePooling2d', poolSize: 2 }, ...END]],
  ['globalAveragePooling2d', [{ type: 'globalAveragePooling2d' }, { type: 'dense', units: 3 }]],
  ['batchNormalization', [{ type: 'batchNormalization', momentum: 0.7 }, ...END]],
  [
    'batchNormalization of a vector',
    [{ type: 'flatten' }, { type: 'batchNormalization' }, { type: 'dense', units: 3 }],
  ],
  ['elu', [{ type: 'activation', activation: 'elu' }, ...END]],
  ['tanh', [{ type: 'activation', activation: 'tanh' }, ...END]],
  ['sigmoid', [{ type: 'activation', activation: 'sigmoid' }, ...END]],
  ['every layer', EVERY_LAYER],
  ['more layers', MORE_LAYERS],
  ['branches', branches],
  ['layers on sequences', SEQUENCES],
])('a net with %s trains as a graph as it does eagerly', (_, layers) => {
  const input = inputOf({ network: networkOf(SHAPE, layers) })
  const [got, want] = [outcome(compiled, input), outcome(eager, input)]
  expectClose(got.weights, want.weights)
  const asArray = (values: number[]): NamedArray[] => [
    { name: 'measured', shape: [], values: Float32Array.from(values) },
  ]
  expectClose(asArray(got.measured), asArray(want.measured))
})

test('an embedding trains as a graph as it does eagerly, by the same bytes in every run', () => {
  const tokens = asTokens(data, 9)
  const input = inputOf({ network: networkOf(SHAPE, TOKENS), data: tokens, normalization: null })
  const [got, want] = [outcome(compiled, input), outcome(eager, input)]
  expectClose(got.weights, want.weights)
  expect(outcome(compiled, input)).toEqual(got)
  const table = (arrays: readonly NamedArray[]) =>
    arrays.find(({ name }) => name === 'embedding_2.embeddings')?.values ?? []
  const after = table(got.weights)
  expect(table(input.initialWeights).every((value, at) => value !== after[at])).toBe(true)
  // As bytes, too.
  const bytes = { ...tokens, values: Uint8Array.from(tokens.values) }
  expect(outcome(compiled, { ...input, data: bytes })).toEqual(got)
})

test('how many steps a call takes changes nothing', () => {
  const input = inputOf({ network: networkOf(SHAPE, EVERY_LAYER) }, { batchSize: 4 })
  expect(outcome(compiled, input, 1)).toEqual(outcome(compiled, input, 7))
})

test('batches that are fed give what resident ones give', () => {
  const input = inputOf()
  expect(outcome(fed, input)).toEqual(outcome(compiled, input))
})

test.each([false, true])(
  'bytes (normalized: %s) give the same whether spread or not',
  (normalized) => {
    const values = Uint8Array.from(data.values, (value) => Math.floor(128 * (value + 1)))
    const bytes = { ...data, values }
    const normalization = normalized ? fitNormalization(bytes, rows) : null
    const input = inputOf({ data: bytes, normalization }, { optimizer: { name: 'adam' } })
    // Room for targets and bytes, not for floats.
    const budget = rows.length * (4 * 4 + 2 * data.width)
    const source = residentBatches(input, budget)
    expect(source?.variables.some(({ dtype }) => dtype === 'uint8')).toBe(true)
    if (!source) return
    const kept: Make = () => compiledRunner(input, optimizerOf(input), { source })
    expect(outcome(kept, input)).toEqual(outcome(eager, input))
  },
)

test('data over the budget are not held, and data at the budget are', () => {
  const bytes = 4 * rows.length * (data.width + 1 + 3)
  expect(residentBatches(inputOf(), bytes)).not.toBeNull()
  expect(residentBatches(inputOf(), bytes - 1)).toBeNull()
})

test('fewer rows than a batch are one batch', () => {
  const input = inputOf({ rows: rowNumbers(5) })
  expect(outcome(compiled, input)).toEqual(outcome(eager, input))
})

test('two trainings at once in one process do not touch each other', () => {
  const input = inputOf()
  const alone = outcome(compiled, input)
  using other = compiled(inputOf({ initialWeights: initialize(mlp, 2) }))
  expect(outcome(compiled, input)).toEqual(alone)
  expect(other.weights()).toEqual(initialize(mlp, 2))
})

test('a compiled training leaves no folder and no handle', () => {
  const { binding } = tf.backend() as unknown as {
    binding: { getNumOfTensors(): number; getNumOfSavedModels(): number }
  }
  // A place of its own: other tests load graphs at the same time.
  const place = mkdtempSync(path.join(tmpdir(), 'distillery-test-'))
  vi.stubEnv('TMPDIR', place)
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(place, { recursive: true })
  })
  const folders = () => readdirSync(place)
  const before = [binding.getNumOfTensors(), binding.getNumOfSavedModels()]
  outcome(compiled, inputOf())
  expect([binding.getNumOfTensors(), binding.getNumOfSavedModels()]).toEqual(before)
  expect(folders()).toEqual([])
})

test('memory is flat over ten thousand steps', () => {
  const input = inputOf({ objective: LABELS_ONLY, teacherLogits: null })
  const { rates } = createOptimizer(input.training.optimizer)
  using runner = compiled(input)
  const call = Array.from({ length: 20 }, (_, index) => ({
    rows: rows.subarray(0, BATCH),
    step: index + 1,
    rates: rates(0.01, index + 1),
  }))
  const thousands = (count: number): void => {
    for (let done = 0; done < count * 1000; done += call.length) runner.run(call)
  }
  thousands(2)
  const before = process.memoryUsage()
  thousands(10)
  const after = process.memoryUsage()
  const outside = (usage: NodeJS.MemoryUsage): number => usage.rss - usage.heapTotal
  expect(outside(after) - outside(before)).toBeLessThan(16 * 2 ** 20)
})
