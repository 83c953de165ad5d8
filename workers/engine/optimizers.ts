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
}

/** `v ← momentum · v + g`, `w ← w − rate · v`: PyTorch's form, in which a new rate also applies to the past. */
const withMomentum = (momentum: number): Optimizer => ({
  slotsPerWeight: 1,
  rates: (learningRate) => [learningRate, momentum],
  update({ weight, slots }, gradient, rates) {
    const velocity = tf.add(tf.mul(at(slots, 0), at(rates, 1)), gradient)
    return { weight: tf.sub(weight, tf.mul(velocity, at(rates, 0))), slots: [velocity] }
  },
})

/**
 * Adam (Kingma & Ba 2015, algorithm 1), with the bias corrections moved from the moments into two scalars, which saves
 * two operations a weight: `w ← w − α̂ m / (√v + ε̂)`, where `c = √(1 − β2^t)`, `α̂ = rate · c / (1 − β1^t)`, `ε̂ = ε c`.
 * That is the algorithm itself with the fraction extended by c, and not the approximation with a constant ε̂.
 */
const adam = (beta1: number, beta2: number, epsilon: number): Optimizer => ({
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
    const direction = tf.div(m, tf.add(tf.sqrt(v), at(rates, 1)))
    return { weight: tf.sub(weight, tf.mul(direction, at(rates, 0))), slots: [m, v] }
  },
})

/** The optimizer of a resolved spec. */
export function createOptimizer(spec: ResolvedOptimizer): Optimizer {
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0 ? gradientDescent : withMomentum(spec.momentum)
    case 'adam':
      return adam(spec.beta1, spec.beta2, spec.epsilon)
  }
}
