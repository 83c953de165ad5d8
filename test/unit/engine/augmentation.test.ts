import { afterEach, expect, test } from 'vitest'
import type { AugmentationSpec } from '../../../src/domain/augmentation.ts'
import { resolveAugmentation } from '../../../src/domain/augmentation.ts'
import { LABELS_ONLY, resolveObjective } from '../../../src/domain/objective.ts'
import { addNoise, partnerOf, shiftAndFlip } from '../../../workers/engine/augment.ts'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { fedBatches } from '../../../workers/engine/compile/fed-data.ts'
import { eagerRunner } from '../../../workers/engine/eager-runner.ts'
import { createProbe, probeMeasurementsOf } from '../../../workers/engine/gradient-probe.ts'
import { mixShare } from '../../../workers/engine/mix-share.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { predict } from '../../../workers/engine/predict.ts'
import type { StepRunner } from '../../../workers/engine/step-runner.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import { batchesFrom, viewOf } from '../../../workers/engine/training-view.ts'
import { initialize, upload } from '../../../workers/engine/weights.ts'
import { fixture, networkOf, randomRows, readJson, rowNumbers, trainingOf } from './support.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const SHAPE = [6, 5, 2]
const augmentationOf = (spec: AugmentationSpec) => resolveAugmentation(spec, SHAPE)
const BATCH = 48

/** Each pixel of every image says where it was: `row * 10 + column + 1`, and the same plus 100 in the second channel. */
const marked = Float32Array.from({ length: BATCH * 60 }, (_, index) => {
  const place = Math.floor((index % 60) / 2)
  return Math.floor(place / 5) * 10 + (place % 5) + 1 + 100 * (index % 2)
})

function changed(spec: AugmentationSpec, step = 1): number[][][] {
  const { shift = null, flip = null } = augmentationOf(spec) ?? {}
  const result = tf.tidy(() =>
    shiftAndFlip(
      tf.tensor4d(marked, [BATCH, 6, 5, 2]),
      { shift, flip },
      tf.tensor1d([77, step], 'int32'),
    ),
  )
  const values = [...result.dataSync()]
  result.dispose()
  return Array.from({ length: BATCH }, (_, image) =>
    Array.from({ length: 60 }, (_, index) => values[image * 60 + index] ?? Number.NaN),
  ).map((image) => [
    image.filter((_, index) => index % 2 === 0),
    image.filter((_, index) => index % 2),
  ])
}

/** The same on the host: content moves down and right by a distance, what comes in is 0 or the edge. */
function movedBy(down: number, right: number, flipped: boolean, fill: 'zero' | 'edge'): number[] {
  const clip = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  return Array.from({ length: 30 }, (_, place) => {
    const [row, column] = [Math.floor(place / 5), place % 5]
    const from = row - down
    const side = (flipped ? 4 - column : column) - right
    const isOutside = from < 0 || from > 5 || side < 0 || side > 4
    return isOutside && fill === 'zero' ? 0 : clip(from, 5) * 10 + clip(side, 4) + 1
  })
}

test.each<[string, AugmentationSpec, number, 'zero' | 'edge', boolean[]]>([
  ['shift with zeros', { shift: { pixels: 1 } }, 1, 'zero', [false]],
  ['shift with edges', { shift: { pixels: 2, fill: 'edge' } }, 2, 'edge', [false]],
  ['flip', { flip: 'horizontal' }, 0, 'edge', [false, true]],
  ['both', { shift: { pixels: 1 }, flip: 'horizontal' }, 1, 'zero', [false, true]],
])('%s moves each image whole, in every way that there is', (_, spec, most, fill, flips) => {
  const distances = Array.from({ length: 2 * most + 1 }, (_, index) => index - most)
  const possible = new Map<string, number>(
    distances.flatMap((down) =>
      distances.flatMap((right) =>
        flips.map((flipped) => [movedBy(down, right, flipped, fill).join(), 0] as const),
      ),
    ),
  )
  const ways = possible.size
  for (let step = 1; step <= 12; step++)
    for (const [first, second] of changed(spec, step)) {
      const key = first?.join() ?? ''
      expect(possible.has(key)).toBe(true)
      possible.set(key, (possible.get(key) ?? 0) + 1)
      // Both channels move together.
      expect(second).toEqual(first?.map((value) => (value === 0 ? 0 : value + 100)))
    }
  const expected = (12 * BATCH) / ways
  for (const count of possible.values()) {
    expect(count).toBeGreaterThan(expected / 3)
    expect(count).toBeLessThan(expected * 2)
  }
})

test('a distance that rounds to nothing along one axis leaves that axis alone', () => {
  // 0.09 of 6 rows is one pixel, of 5 columns none.
  const ways = new Set(changed({ shift: { fraction: 0.09 } }).map(([first]) => first?.join()))
  expect(ways).toEqual(new Set([-1, 0, 1].map((down) => movedBy(down, 0, false, 'zero').join())))
})

test('the changes of a step are the same again, those of another step are not', () => {
  const spec = { shift: { pixels: 1 }, flip: 'horizontal' } as const
  expect(changed(spec, 3)).toEqual(changed(spec, 3))
  expect(changed(spec, 3)).not.toEqual(changed(spec, 4))
})

test('noise has mean 0 and the standard deviation that was asked for, in units by channel', () => {
  const values = tf.tidy(() =>
    addNoise(tf.zeros([20_000, 2]), 0.5, Float32Array.of(1, 10), tf.tensor1d([5, 6], 'int32')),
  )
  const all = values.dataSync() as Float32Array
  values.dispose()
  for (const [channel, unit] of [1, 10].entries()) {
    const own = all.filter((_, index) => index % 2 === channel)
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length
    expect(Math.abs(mean)).toBeLessThan(0.02 * unit)
    expect(Math.sqrt(variance)).toBeGreaterThan(0.49 * unit)
    expect(Math.sqrt(variance)).toBeLessThan(0.51 * unit)
  }
})

test.each([0.05, 0.2, 1, 4])('shares of mixup are from Beta(%s, same)', (alpha) => {
  const shares = Array.from({ length: 6000 }, (_, step) => mixShare(alpha, 3, step + 1))
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
  expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true)
  expect(mean).toBeCloseTo(0.5, 1)
  const wanted = 1 / (4 * (2 * alpha + 1))
  expect(variance).toBeGreaterThan(0.93 * wanted)
  expect(variance).toBeLessThan(1.07 * wanted)
  expect(mixShare(alpha, 3, 5)).toBe(shares[4])
})

test('every row is mixed with another row of the batch', () => {
  const partners = tf.tidy(() => partnerOf(tf.tensor1d([10, 11, 12], 'int32')))
  expect([...partners.dataSync()]).toEqual([11, 12, 10])
  partners.dispose()
})

const golden = readJson(fixture('engine/training-rules.json')) as {
  weights: Record<string, number[]>
  inputs: number[][]
  labels: number[]
  mixup: { share: number; loss: number; gradientNorm: number }
}

test("loss and gradient norm of a mixed batch are PyTorch's", () => {
  const network = networkOf(
    [4],
    [
      { type: 'dense', name: 'dense', units: 6, activation: 'tanh' },
      { type: 'dense', name: 'dense_1', units: 3 },
    ],
  )
  const training = trainingOf({ augmentation: { mixup: { alpha: 1 } } })
  const view = viewOf({ training, normalization: null } as TrainingInput)
  const row = tf.tidy(() => {
    const weights = Object.fromEntries(
      Object.entries(golden.weights).map(([name, values]) => [name, tf.tensor(values)]),
    )
    return createProbe(
      network,
      LABELS_ONLY,
      view,
    )(weights, {
      inputs: tf.tensor2d(golden.inputs),
      labels: tf.tensor1d(golden.labels, 'int32'),
      teacherLogits: null,
      dropoutSeed: tf.tensor1d([1, 1], 'int32'),
      mixShare: tf.tensor1d([golden.mixup.share]),
    })
  })
  const { values, gradientNorm } = probeMeasurementsOf(row.dataSync() as Float32Array, 1)
  row.dispose()
  expect(values[0]).toBeCloseTo(golden.mixup.loss, 6)
  expect(gradientNorm).toBeCloseTo(golden.mixup.gradientNorm, 6)
})

const data = randomRows(60, SHAPE, 3)
const rows = rowNumbers(39, 4)
const student = networkOf(SHAPE, [
  { type: 'flatten' },
  { type: 'dense', units: 8, activation: 'relu' },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', units: 3 },
])
const teacherNetwork = networkOf(SHAPE, [
  { type: 'conv2d', filters: 4, kernelSize: 3, activation: 'relu' },
  { type: 'batchNormalization' },
  { type: 'flatten' },
  { type: 'dropout', rate: 0.5 },
  { type: 'dense', units: 3 },
])
const teacher = {
  network: teacherNetwork,
  weights: initialize(teacherNetwork, 5),
  // Another one than the student's.
  normalization: fitNormalization(data, rowNumbers(10)),
}
const ALL: AugmentationSpec = {
  shift: { pixels: 1 },
  flip: 'horizontal',
  noise: { standardDeviation: 0.1 },
  mixup: { alpha: 0.4 },
}

function inputOf(
  augmentation: AugmentationSpec,
  changes: Partial<TrainingInput> = {},
): TrainingInput {
  const training = trainingOf({ batchSize: 16, optimizer: { name: 'adam' } })
  return {
    network: student,
    objective: resolveObjective(),
    training: { ...training, augmentation: augmentationOf(augmentation) },
    initialWeights: initialize(student, 1),
    data,
    rows,
    normalization: fitNormalization(data, rows),
    labels: data.labels.map((label, row) => (row % 3 === 0 ? -1 : label)),
    teacherLogits: null,
    teacher,
    classes: 3,
    seeds: { batches: 2, dropout: 3 },
    ...changes,
  }
}

function outcome(make: (input: TrainingInput) => StepRunner, input: TrainingInput) {
  const { rates } = createOptimizer(input.training.optimizer)
  using runner = make(input)
  const measured: number[] = []
  for (let step = 1; step <= 6; step += 2)
    measured.push(
      ...runner.run(
        [0, 1].map((place) => ({
          rows: input.rows.subarray(16 * place, 16 * (place + 1)),
          step: step + place,
          rates: rates(0.01, step + place),
        })),
      ),
      ...runner.run([{ rows: input.rows.subarray(32), step: step + 100, rates: rates(0.01, 1) }]),
    )
  return { measured, weights: runner.weights() }
}
const optimizerOf = ({ training }: TrainingInput) => createOptimizer(training.optimizer)
const eager = (input: TrainingInput) => eagerRunner(input, optimizerOf(input))
const compiled = (input: TrainingInput) => compiledRunner(input, optimizerOf(input))
const fed = (input: TrainingInput) =>
  compiledRunner(input, optimizerOf(input), { source: fedBatches(batchesFrom(input)) })

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length)
  const off = want.map(
    (value, index) => Math.abs((got[index] ?? Number.NaN) - value) / Math.max(1, Math.abs(value)),
  )
  expect(Math.max(...off)).toBeLessThanOrEqual(1e-5)
}

test.each<[string, AugmentationSpec]>([
  ['shift', { shift: { fraction: 0.2 } }],
  ['shift with edges', { shift: { pixels: 2, fill: 'edge' } }],
  ['flip', { flip: 'horizontal' }],
  ['noise', { noise: { standardDeviation: 0.3 } }],
  ['mixup', { mixup: { alpha: 1 } }],
  ['all of them', ALL],
])('a training with %s and a teacher in the step is as a graph what it is eagerly', (_, spec) => {
  const input = inputOf(spec)
  const want = outcome(eager, input)
  for (const make of [compiled, fed]) {
    const got = outcome(make, input)
    expectClose(got.measured, want.measured)
    for (const [index, { values }] of want.weights.entries())
      expectClose([...(got.weights[index]?.values ?? [])], [...values])
  }
})

test('two trainings as a graph are equal to the last bit, with another seed they are not', () => {
  const one = outcome(compiled, inputOf(ALL))
  expect(outcome(compiled, inputOf(ALL))).toEqual(one)
  const other = outcome(compiled, inputOf(ALL, { seeds: { batches: 2, dropout: 4 } }))
  expect(other.measured).not.toEqual(one.measured)
})

/** What network and teacher see in a step. */
function seen(input: TrainingInput) {
  const batchRows = rows.subarray(0, 16)
  const own = tf.tidy(() => {
    const source = Float32Array.from(batchRows, () => 0).length
    const view = viewOf(input)({
      inputs: tf.tensor(
        data.values.slice(4 * data.width, (4 + source) * data.width) as Float32Array,
        [source, ...SHAPE],
      ),
      labels: tf.tensor1d(
        Int32Array.from(batchRows, (row) => input.labels[row] ?? -1),
        'int32',
      ),
      teacherLogits: null,
      dropoutSeed: tf.tensor1d([3, 9], 'int32'),
      mixShare: tf.tensor1d([0.7]),
      ...(input.teacher ? { teacherWeights: upload(input.teacher.weights) } : {}),
    })
    return { inputs: view.inputs.dataSync(), logits: view.targets.teacherLogits?.dataSync() }
  })
  return own
}

test('the teacher answers in the step what it answers to the same augmented rows', async () => {
  const input = inputOf(ALL)
  const { inputs, logits } = seen(input)
  // Back to raw rows, which the teacher normalizes its own way.
  const { mean = [], standardDeviation = [] } = input.normalization ?? {}
  const values = Float32Array.from(
    inputs,
    (value, index) => value * (standardDeviation[index % 2] ?? 1) + (mean[index % 2] ?? 0),
  )
  const answered = await predict(
    teacherNetwork,
    teacher.weights,
    { ...data, count: 16, values },
    rowNumbers(16),
    teacher.normalization,
    new AbortController().signal,
  )
  expectClose([...(logits ?? [])], [...answered])
})

test('the control sees what the distilled student sees', () => {
  const { teacher: _, ...control } = inputOf(ALL, { objective: LABELS_ONLY })
  expect(seen(control).inputs).toEqual(seen(inputOf(ALL)).inputs)
})
