/**
 * Optimizers as pure functions. What changes per step reaches the tensors as a few scalars, made on the host in
 * float64 from learning rate and step: bias corrections such as 1 − 0.999^t would lose four digits in float32.
 */
import type { ResolvedOptimizer } from '../../src/domain/training.ts'
import { tf } from './tensorflow.ts'

/** A weight with what the optimizer remembers about it (momentum, moments), all of the weight's shape. */
export interface Optimized {
  readonly weight: tf.Tensor
  readonly slots: tf.Tensor[]
}

/** An input of a {@link FusedUpdate}: a tensor by its place, or a number that never changes. */
export type Operand =
  | 'weight'
  | 'gradient'
  | { readonly slot: number }
  | { readonly rate: number }
  | { readonly constant: number }

/** TensorFlow's own op for an update, which changes variables in place: one pass over memory, not one an operation. */
export interface FusedUpdate {
  readonly op: string
  readonly operands: readonly Operand[]
}

export interface Optimizer {
  /** Tensors remembered for each weight; they start as zeros. */
  readonly slotsPerWeight: number
  /**
   * The numbers a step needs.
   * @param step from 1
   */
  rates(learningRate: number, step: number): readonly number[]
  /** One step for one weight. `rates` are those numbers as scalars. Nothing is disposed. */
  update(current: Optimized, gradient: tf.Tensor, rates: readonly tf.Scalar[]): Optimized
  /** The same arithmetic as `update`, in the same order. */
  readonly fused: FusedUpdate
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index]
  if (value === undefined) throw new Error(`optimizer state has no entry ${index}`)
  return value
}

/** `w ← w − rate · g`. */
const gradientDescent: Optimizer = {
  slotsPerWeight: 0,
  rates: (learningRate) => [learningRate],
  update: ({ weight }, gradient, rates) => ({
    weight: tf.sub(weight, tf.mul(gradient, at(rates, 0))),
    slots: [],
  }),
  fused: {
    op: 'ResourceApplyGradientDescent',
    operands: ['weight', { rate: 0 }, 'gradient'],
  },
}

/** `v ← momentum · v + g`, `w ← w − rate · v`: PyTorch's form, in which a new rate also applies to the past. */
const withMomentum = (momentum: number): Optimizer => ({
  slotsPerWeight: 1,
  rates: (learningRate) => [learningRate, momentum],
  update({ weight, slots }, gradient, rates) {
    const velocity = tf.add(tf.mul(at(slots, 0), at(rates, 1)), gradient)
    return { weight: tf.sub(weight, tf.mul(velocity, at(rates, 0))), slots: [velocity] }
  },
  fused: {
    op: 'ResourceApplyMomentum',
    operands: ['weight', { slot: 0 }, { rate: 0 }, 'gradient', { rate: 1 }],
  },
})

/**
 * Adam (Kingma & Ba 2015, algorithm 1), with the bias corrections moved from the moments into two scalars, which saves
 * two operations a weight: `w ← w − α̂ m / (√v + ε̂)`, where `c = √(1 − β2^t)`, `α̂ = rate · c / (1 − β1^t)`, `ε̂ = ε c`.
 * That is the algorithm itself with the fraction extended by c, and not the approximation with a constant ε̂.
 * β1 and β2 are rounded to float32 first, as TensorFlow's op does, so that moments and corrections agree about them.
 */
const adamOf = (beta1: number, beta2: number, epsilon: number): Optimizer => ({
  slotsPerWeight: 2,
  rates(learningRate, step) {
    const correction = Math.sqrt(1 - beta2 ** step)
    return [
      (learningRate * correction) / (1 - beta1 ** step),
      epsilon * correction,
      1 - beta1,
      1 - beta2,
    ]
  },
  update({ weight, slots }, gradient, rates) {
    const [first, second] = [at(slots, 0), at(slots, 1)]
    const m = tf.add(first, tf.mul(tf.sub(gradient, first), at(rates, 2)))
    const v = tf.add(second, tf.mul(tf.sub(tf.square(gradient), second), at(rates, 3)))
    const change = tf.div(tf.mul(m, at(rates, 0)), tf.add(tf.sqrt(v), at(rates, 1)))
    return { weight: tf.sub(weight, change), slots: [m, v] }
  },
  fused: {
    op: 'ResourceApplyAdam',
    operands: [
      'weight',
      { slot: 0 },
      { slot: 1 },
      // The powers of β1 and β2: the corrections are in the rates already.
      { constant: 0 },
      { constant: 0 },
      { rate: 0 },
      { constant: beta1 },
      { constant: beta2 },
      { rate: 1 },
      'gradient',
    ],
  },
})

const adam = (beta1: number, beta2: number, epsilon: number): Optimizer =>
  adamOf(Math.fround(beta1), Math.fround(beta2), epsilon)

/** The optimizer of a resolved spec. */
export function createOptimizer(spec: ResolvedOptimizer): Optimizer {
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0 ? gradientDescent : withMomentum(spec.momentum)
    case 'adam':
      return adam(spec.beta1, spec.beta2, spec.epsilon)
  }
}
