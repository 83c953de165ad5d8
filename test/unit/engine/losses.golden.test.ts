import { expect, test } from 'vitest'
import { METHOD_CARDS } from '../../../src/domain/methods/cards.ts'
import { type KeyPointsOptions, keyPointsOf } from '../../../workers/engine/losses/key-points.ts'
import type { Points } from '../../../workers/engine/losses/primitives/points.ts'
import { toSameSize } from '../../../workers/engine/losses/primitives/spatial.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { goldenLoss, part } from './losses/from-golden.ts'
import {
  defaultsOf,
  expectAllClose,
  flat,
  GIVEN_FILE,
  type GoldenCase,
  methodOf,
  OWN_FILE,
  optionsOf,
  tensors,
} from './losses/golden-file.ts'

/** Value, and gradients with respect to the inputs named first. */
function evaluate(item: GoldenCase, names: readonly string[], component?: string) {
  const method = methodOf(item)
  const options = optionsOf(item)
  const inputs = tensors(item.inputs)
  const watched = names.map((name) => {
    const input = inputs[name]
    if (!input) throw new Error(`${item.id} has no input ${name}`)
    return input
  })
  const scalar = (...current: tf.Tensor[]): tf.Scalar => {
    const given = Object.fromEntries(names.map((name, index) => [name, current[index]]))
    const loss = goldenLoss(method, { ...inputs, ...given } as typeof inputs, options)
    // tfjs refuses the gradient of what does not depend on an input at all; here it is 0.
    const nothing = tf.mul(tf.addN(current.map((tensor) => tf.sum(tensor))), 0)
    return tf.add(part(loss, component), nothing)
  }
  const { value, grads } = tf.valueAndGrads(scalar)(watched)
  return { value: value.dataSync(), gradients: grads.map((gradient) => gradient.dataSync()) }
}

test.each(GIVEN_FILE.cases)('$id agrees with the reference in value and gradient', (item) => {
  const others = Object.entries(item.grad_other ?? {})
  const names = [item.student_input, ...others.map(([name]) => name)]
  const { value, gradients } = evaluate(item, names)
  const { rtol, atol, gradRtol, gradAtol } = item.tolerance
  expectAllClose(value, [item.value], rtol, atol, 'value')
  const expected = [item.grad_student, ...others.map(([, gradient]) => gradient)]
  for (const [index, want] of expected.entries()) {
    const what = `gradient of ${names[index]}`
    expectAllClose(gradients[index] ?? [], flat(want), gradRtol, gradAtol, what)
  }
})

const parts = GIVEN_FILE.cases.flatMap((item) =>
  Object.entries(item.components ?? {}).map(([name, expected]) => ({ item, name, expected })),
)

test.each(parts)('$item.id agrees in its component $name', ({ item, name, expected }) => {
  const { value, gradients } = evaluate(item, [item.student_input], name)
  const { rtol, atol, gradRtol, gradAtol } = expected.tolerance
  expectAllClose(value, [expected.value], rtol, atol, name)
  expectAllClose(gradients[0] ?? [], flat(expected.grad_student), gradRtol, gradAtol, 'gradient')
})

/** Positions of the points of each sample, `[row, column]`, best first. */
function positions({ rows, columns, present }: Points): number[][][] {
  const [row, column, is] = [rows, columns, present].map((one) => one.arraySync()) as [
    number[][],
    number[][],
    number[][],
  ]
  return is.map((sample, index) =>
    sample.flatMap((one, place) =>
      one === 1 ? [[row[index]?.[place] ?? -1, column[index]?.[place] ?? -1]] : [],
    ),
  )
}

test.each(GIVEN_FILE.cases.filter(({ aux }) => aux))('$id finds the points', (item) => {
  const { aux = {} } = item
  expect(Object.keys(aux).toSorted()).toEqual(
    ['edge_points', 'feature_points', 'heat_edge', 'heat_feature'].toSorted(),
  )
  const { student, teacher } = tensors(item.inputs)
  const [, map] = toSameSize(student as tf.Tensor4D, teacher as tf.Tensor4D)
  const found = keyPointsOf(map, optionsOf(item) as unknown as KeyPointsOptions)
  expect(positions(found.featurePoints)).toEqual(aux.feature_points)
  expect(positions(found.edgePoints)).toEqual(aux.edge_points)
  const heat = (tensor: tf.Tensor, want: unknown, what: string): void =>
    expectAllClose(tensor.dataSync(), flat(want as number[]), 1e-5, 1e-6, what)
  heat(found.featureHeat, aux.heat_feature, 'heat of feature points')
  heat(found.edgeHeat, aux.heat_edge, 'heat of edge points')
})

test('every method has cases', () => {
  const methods = new Set(OWN_FILE.cases.map(({ method }) => method))
  expect([...methods].toSorted()).toEqual(Object.keys(METHOD_CARDS).toSorted())
})

test('defaults are those of the reference', () => {
  for (const item of GIVEN_FILE.cases) {
    const { defaults = {} } = GIVEN_FILE.methods[item.method] ?? {}
    expect(defaultsOf(methodOf(item)), item.method).toMatchObject(defaults)
  }
})

test('a case of an unknown method, or with an unknown option, fails by its name', () => {
  const [item] = OWN_FILE.cases as [GoldenCase]
  expect(() => evaluate({ ...item, method: 'osmosis' }, ['student'])).toThrow(/no method osmosis/)
  expect(() => evaluate({ ...item, options: { warmth: 1 } }, ['student'])).toThrow(
    /hard-labels has no option warmth/,
  )
})
