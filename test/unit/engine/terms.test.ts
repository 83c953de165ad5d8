import { afterEach, expect, test } from 'vitest'
import { JOB_METHODS, type Method } from '../../../src/domain/methods/job-methods.ts'
import { projectorOf } from '../../../src/domain/methods/projector.ts'
import { parameterCount } from '../../../src/domain/network.ts'
import {
  type ResolvedTerm,
  resolveObjective,
  type TermSpec,
} from '../../../src/domain/objective.ts'
import { networkUpTo, tapPoints } from '../../../src/domain/tap-points.ts'
import { numberAt } from '../../../src/domain/term-schedule.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { headFrom } from '../../../workers/engine/losses/term-weights.ts'
import { termLoss } from '../../../workers/engine/losses/terms.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { predict } from '../../../workers/engine/predict.ts'
import { liveTerms } from '../../../workers/engine/scheduled-terms.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { termConstants } from '../../../workers/engine/term-constants.ts'
import { createGradients } from '../../../workers/engine/training-step.ts'
import { viewOf } from '../../../workers/engine/training-view.ts'
import { initialize, upload, weightNames } from '../../../workers/engine/weights.ts'
import {
  BATCH,
  byXla,
  compiled,
  data,
  eager,
  expectClose,
  optimizerOf,
  outcome,
  rows,
  SHAPE,
} from './step-outcomes.ts'
import { networkOf, rowNumbers } from './support.ts'
import { FEATURE_METHODS, inputFor, placed, student, taughtInput, teacher } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const measured = (values: readonly number[]) => [
  { name: 'measured', shape: [], values: Float32Array.from(values) },
]

test.each(JOB_METHODS)('%s trains as a graph as it does eagerly', async (method) => {
  // A gentle weight: what is compared is the arithmetic, and rounding must not be blown up.
  const input = await inputFor(method, (terms) =>
    terms.map((term) => ({ ...term, weight: Math.min(numberAt(term.weight, 0), 1) })),
  )
  const [got, want] = [outcome(compiled, input), outcome(eager, input)]
  expect(want.measured.every(Number.isFinite)).toBe(true)
  expectClose(got.weights, want.weights, 2e-5)
  expectClose(measured(got.measured), measured(want.measured), 2e-5)
  // Only the student comes out.
  expect(got.weights.map(({ name }) => name)).toEqual(input.initialWeights.map(({ name }) => name))
  expect(outcome(compiled, input)).toEqual(got)
})

test.each(FEATURE_METHODS)('%s alone changes the student before its tap', async (method) => {
  const alone = (terms: readonly ResolvedTerm[]) => terms.slice(0, 1)
  const input = await inputFor(method, alone)
  const { weights } = outcome(eager, input)
  const changed = weights.filter(({ values }, index) =>
    values.some((value, at) => value !== input.initialWeights[index]?.values[at]),
  )
  expect(changed.map(({ name }) => name)).toContain('conv1.kernel')
  // Nothing that it reads depends on the last layer, unless that makes the maps.
  expect(changed.some(({ name }) => name === 'logits.kernel')).toBe(method === 'class-attention')
})

test.each(FEATURE_METHODS)('%s leaves the teacher as it is', async (method) => {
  const input = await inputFor(method)
  const before = input.teacher?.weights.map(({ values }) => values.slice())
  outcome(eager, input)
  expect(input.teacher?.weights.map(({ values }) => values)).toEqual(before)
})

test.each(FEATURE_METHODS)('no gradient of %s reaches the teacher', async (method) => {
  const { network, objective, initialWeights, teacher: by, ...input } = await inputFor(method)
  const { projectors = [], memories = [], constants = [] } = input
  const [term] = liveTerms(objective, undefined)
  if (!by || !term) throw new Error('no teacher')
  tf.tidy(() => {
    const weights = upload([...initialWeights, ...projectors, ...memories])
    const [ofTeacher, told] = [upload(by.weights), upload(constants)]
    const inputs = tf.randomNormal([BATCH, ...SHAPE], 0, 1, 'float32', 4)
    const seed = tf.tensor1d([1, 2], 'int32')
    const positions = tf.range(0, BATCH, 1, 'int32')
    const loss = (remembered: Record<string, tf.Tensor>): tf.Scalar => {
      const seen = apply(by.network, ofTeacher, inputs, { training: false })
      const own = apply(network, weights, inputs, { training: true, dropoutSeed: seed })
      const head = headFrom(network, weights)
      const student = { ...own, head, weights, constants: told, seed, positions, remembered }
      return termLoss(term, 0, student, {
        labels: tf.zeros([BATCH], 'int32'),
        teacherLogits: seen.logits,
        teacherOutputs: seen.outputs,
        teacherHead: headFrom(by.network, ofTeacher),
      })
    }
    const gradientsFor = (values: readonly tf.Tensor[]): boolean[] => {
      const remembered = {}
      const total = () => loss(remembered)
      const { grads } = tf.engine().gradients(total, [...values], undefined, true)
      tf.dispose(remembered)
      return grads.map(Boolean)
    }
    const trained = ['conv1.kernel', ...projectors.map(({ name }) => name)]
    expect(gradientsFor(trained.map((name) => weights[name] as tf.Tensor))).not.toContain(false)
    expect(gradientsFor(Object.values(ofTeacher))).not.toContain(true)
  })
})

test.each(JOB_METHODS)('the weight of %s enters linearly', async (method) => {
  // One step of gradient descent from the same weights: the change is linear in the weight.
  const changeBy = async (weight: number) => {
    const weighted = (terms: readonly ResolvedTerm[]) =>
      terms.map((term, index) => ({ ...term, weight: index === 0 ? weight : 0 }))
    const input = await inputFor(method, weighted, { rows: rows.slice(0, BATCH) })
    using runner = eager(input)
    runner.run([{ rows: input.rows, step: 1, rates: [1e-3] }])
    return runner
      .weights()
      .filter(({ name }) => !name.includes('moving'))
      .flatMap(({ values, name }) => {
        const start = input.initialWeights.find((weight) => weight.name === name)?.values
        return [...values].map((value, at) => value - (start?.[at] ?? 0))
      })
  }
  // Large enough that differences of float32 weights say something.
  const unit = Math.max(...(await changeBy(1)).map(Math.abs)) || 1
  const scale = 0.05 / unit
  const [once, twice] = [await changeBy(scale), await changeBy(2 * scale)]
  const largest = Math.max(...once.map(Math.abs))
  expect(largest).toBeGreaterThan(1e-3)
  for (const [at, change] of once.entries())
    expect(Math.abs((twice[at] ?? Number.NaN) - 2 * change)).toBeLessThan(1e-4 * largest + 1e-6)
})

test('projectors are trained, and forgotten at the end', async () => {
  const objective = placed(['feature-hint', 'variational-information'])
  const input = await taughtInput(objective)
  expect(input.projectors?.map(({ name, shape }) => [name, [...shape]])).toEqual([
    ['projector/0/kernel-0', [5, 7]],
    ['projector/0/bias-0', [7]],
    ['projector/1/kernel-0', [5, 7]],
    ['projector/1/kernel-1', [7, 7]],
    ['projector/1/kernel-2', [7, 7]],
    ['projector/1/log-scale', [7]],
  ])
  expect(outcome(compiled, input).weights).toHaveLength(input.initialWeights.length)
  const names = (input.projectors ?? []).map(({ name }) => name)
  const rules = { clipNorm: null, weightDecay: 0 }
  const gradientsOf = createGradients(student, objective, rules, viewOf(input), names)
  tf.tidy(() => {
    const weights = upload([...input.initialWeights, ...(input.projectors ?? [])])
    const { gradients, updates } = gradientsOf(weights, {
      inputs: tf.randomNormal([BATCH, 5, 5, 2], 0, 1, 'float32', 4),
      labels: tf.zeros([BATCH], 'int32'),
      teacherLogits: null,
      dropoutSeed: tf.tensor1d([1, 2], 'int32'),
      teacherWeights: upload(teacher.weights),
    })
    const { trainable } = weightNames(student)
    expect(gradients).toHaveLength(trainable.length + names.length)
    for (const gradient of gradients.slice(trainable.length))
      expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0)
    tf.dispose(updates as tf.TensorContainer)
  })
})

test('student and projector together come to fit the features', async () => {
  const [hint] = placed(['feature-hint'])
  if (!hint) throw new Error('no term')
  const input = await taughtInput([hint], {}, { optimizer: { name: 'adam' } })
  using runner = compiled(input)
  const { rates } = optimizerOf(input)
  const losses: number[] = []
  for (let step = 1; step <= 60; step++) {
    const batch = { rows: rows.slice(0, BATCH), step, rates: rates(0.02, step) }
    losses.push(runner.run([batch])[0] as number)
  }
  expect(losses.at(-1)).toBeLessThan(0.2 * (losses[0] as number))
})

test('a dense student learns features by XLA as it does eagerly', async () => {
  const dense = (units: number) =>
    [
      { type: 'flatten' },
      { type: 'dense', name: 'features', units, activation: 'relu' },
      { type: 'dense', name: 'logits', units: 3 },
    ] as const
  const [own, other] = [networkOf([5, 5, 2], dense(6)), networkOf([5, 5, 2], dense(9))]
  const objective = placed(
    ['feature-hint', 'relational', 'prototype-direction', 'hard-labels', 'activation-boundaries'],
    { student: own, teacher: other },
  ).map((term) => ({ ...term, weight: 1 }))
  const input = await taughtInput(objective, {
    network: own,
    initialWeights: initialize(own, 1),
    teacher: { network: other, weights: initialize(other, 2), normalization: null },
  })
  const [got, want] = [outcome(byXla, input), outcome(eager, input)]
  expectClose(got.weights, want.weights, 2e-5)
})

test('a teacher inside the step teaches what its recorded logits teach', async () => {
  const objective = placed(['soft-targets', 'hard-labels'])
  const inside = await taughtInput(objective)
  const { signal } = new AbortController()
  const teacherLogits = await predict(
    teacher.network,
    teacher.weights,
    data,
    rowNumbers(data.count),
    teacher.normalization,
    signal,
  )
  const { teacher: _, ...rest } = inside
  const [got, want] = [outcome(eager, inside), outcome(eager, { ...rest, teacherLogits })]
  expectClose(got.weights, want.weights, 1e-5)
})

test('a teacher with another normalization sees rows in its own way', async () => {
  const other = fitNormalization(data, rowNumbers(20))
  const objective = placed([{ method: 'feature-hint', weight: 1 }, 'soft-targets'])
  const input = await taughtInput(objective, { teacher: { ...teacher, normalization: other } })
  const [got, want] = [outcome(compiled, input), outcome(eager, input)]
  expectClose(got.weights, want.weights, 2e-5)
  const { signal } = new AbortController()
  const logits = await predict(
    teacher.network,
    teacher.weights,
    data,
    rowNumbers(data.count),
    other,
    signal,
  )
  const soft = await taughtInput(placed(['soft-targets']), {
    teacher: { ...teacher, normalization: other },
  })
  const { teacher: _, ...rest } = soft
  expectClose(
    outcome(eager, soft).weights,
    outcome(eager, { ...rest, teacherLogits: logits }).weights,
    1e-5,
  )
})

test('prototypes are means over training rows with a label, and over no others', async () => {
  const objective = placed(['prototype-direction'])
  const { signal } = new AbortController()
  const labels = data.labels.map((label, row) => (row % 3 === 0 ? -1 : label))
  const told = { data, rows, labels, classes: 3 }
  const [got] = await termConstants(objective, teacher, told, signal)
  const features = await predict(
    networkUpTo(teacher.network, 'features'),
    teacher.weights.filter(({ name }) => !name.startsWith('logits')),
    data,
    rowNumbers(data.count),
    teacher.normalization,
    signal,
  )
  for (let label = 0; label < 3; label++)
    for (let unit = 0; unit < 7; unit++) {
      const members = [...rows].filter((row) => labels[row] === label)
      const mean =
        members.reduce((sum, row) => sum + (features[row * 7 + unit] ?? 0), 0) / members.length
      expect(got?.values[label * 7 + unit]).toBeCloseTo(mean, 5)
    }
  // What held-out rows look like makes no difference.
  const changed = { ...data, values: data.values.slice() }
  for (let row = 0; row < data.count; row++)
    if (!rows.includes(row)) changed.values.fill(9, row * data.width, (row + 1) * data.width)
  const [again] = await termConstants(objective, teacher, { ...told, data: changed }, signal)
  expect(again?.values).toEqual(got?.values)
})

test('margins follow from a batch normalization, or are measured where there is none', async () => {
  const { signal } = new AbortController()
  const told = { data, rows, labels: data.labels, classes: 3 }
  const terms = (tap: string): TermSpec[] => [
    { method: 'overhaul', taps: { student: tap, teacher: tap } },
  ]
  const [byNorm] = await termConstants(placed(terms('norm')), teacher, told, signal)
  // γ = 1, β = 0: −2 φ(0)
  for (const value of byNorm?.values ?? [])
    expect(value).toBeCloseTo(-2 / Math.sqrt(2 * Math.PI), 5)
  const [measuredOnes] = await termConstants(
    placed(terms('features:before-activation')),
    teacher,
    told,
    signal,
  )
  expect(measuredOnes?.shape).toEqual([7])
  expect(measuredOnes?.values.every((value) => value <= 0 && value > -10)).toBe(true)
  expect(measuredOnes?.values.some((value) => value < 0)).toBe(true)
})

test('what a layer gives before its activation can be read, and ends a network', () => {
  const points = tapPoints(student).map(({ name }) => name)
  expect(points).toEqual([
    'conv1:before-activation',
    'conv1',
    'conv2',
    'norm',
    'on',
    'flat',
    'features:before-activation',
    'features',
    'logits',
  ])
  tf.tidy(() => {
    const weights = upload(initialize(student, 3))
    const inputs = tf.randomNormal([2, 5, 5, 2], 0, 1, 'float32', 4)
    const { outputs } = apply(student, weights, inputs, { training: false })
    const before = outputs.get('features:before-activation') as tf.Tensor
    expect([...tf.tanh(before).dataSync()]).toEqual([
      ...(outputs.get('features')?.dataSync() ?? []),
    ])
    const cut = apply(networkUpTo(student, 'features:before-activation'), weights, inputs, {
      training: false,
    })
    expect([...cut.logits.dataSync()]).toEqual([...before.dataSync()])
  })
})

test('a projector is no part of the student', () => {
  const before = parameterCount(student)
  const of = (method: Method, from: number, to: number) =>
    resolveObjective({ terms: [{ method } as TermSpec] }).flatMap((term) =>
      projectorOf(term, [[from]], [[to]]),
    )
  expect(of('feature-hint', 5, 7)).toHaveLength(2)
  expect(of('prototype-direction', 7, 7)).toEqual([])
  expect(of('relational', 5, 7)).toEqual([])
  expect(parameterCount(student)).toBe(before)
})

const EVERY: readonly Method[] = JOB_METHODS.filter((method) => method !== 'class-attention')
test('many terms at once keep their own weights and constants', async () => {
  const input = await taughtInput(
    placed(EVERY.slice(0, 16)).map((term) => ({ ...term, weight: 0.1 })),
  )
  const { measured: values } = outcome(compiled, input)
  expect(values.every(Number.isFinite)).toBe(true)
  expectClose(measured(values), measured(outcome(eager, input).measured), 2e-5)
})
