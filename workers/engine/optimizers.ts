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

/** `g + weightDecay · w`: what an L2 penalty of half that size adds to the gradient. */
const decayed = (gradient: tf.Tensor, weight: tf.Tensor, weightDecay: number): tf.Tensor =>
  weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(weight, weightDecay))

/** `w ← w − rate · g`. */
const gradientDescent = (weightDecay: number): Optimizer => ({
  slotsPerWeight: 0,
  rates: (learningRate) => [learningRate],
  update: ({ weight }, gradient, rates) => ({
    weight: tf.sub(weight, tf.mul(decayed(gradient, weight, weightDecay), at(rates, 0))),
    slots: [],
  }),
})

/**
 * `v ← momentum · v + g`, `w ← w − rate · v`: PyTorch's form, in which a new rate also applies to the past. With Nesterov
 * the step is `g + momentum · v` (Sutskever et al. 2013, equation 7, in the same form).
 */
const withMomentum = (momentum: number, nesterov: boolean, weightDecay: number): Optimizer => ({
  slotsPerWeight: 1,
  rates: (learningRate) => [learningRate, momentum],
  update({ weight, slots }, gradient, rates) {
    const g = decayed(gradient, weight, weightDecay)
    const velocity = tf.add(tf.mul(at(slots, 0), at(rates, 1)), g)
    const step = nesterov ? tf.add(g, tf.mul(velocity, at(rates, 1))) : velocity
    return { weight: tf.sub(weight, tf.mul(step, at(rates, 0))), slots: [velocity] }
  },
})

/** `v ← ρ v + (1 − ρ) g²`, `w ← w − rate · g / (√v + ε)` (Hinton, lecture 6e): PyTorch's form, ε outside the root. */
const rmsprop = (rho: number, epsilon: number, weightDecay: number): Optimizer => ({
  slotsPerWeight: 1,
  rates: (learningRate) => [learningRate, 1 - rho],
  update({ weight, slots }, gradient, rates) {
    const g = decayed(gradient, weight, weightDecay)
    const average = at(slots, 0)
    const v = tf.add(average, tf.mul(tf.sub(tf.square(g), average), at(rates, 1)))
    const step = tf.div(g, tf.add(tf.sqrt(v), epsilon))
    return { weight: tf.sub(weight, tf.mul(step, at(rates, 0))), slots: [v] }
  },
})

interface AdamOptions {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1), with the bias corrections moved from the moments into two scalars, which saves
 * two operations a weight: `w ← w − α̂ m / (√v + ε̂)`, where `c = √(1 − β2^t)`, `α̂ = rate · c / (1 − β1^t)`, `ε̂ = ε c`.
 * That is the algorithm itself with the fraction extended by c, and not the approximation with a constant ε̂.
 *
 * Weight decay is coupled (added to the gradient, as PyTorch's Adam does) or decoupled: AdamW (Loshchilov & Hutter 2019,
 * algorithm 2) shrinks the weight itself by `rate · weightDecay`, untouched by the moments.
 */
const adam = (
  { beta1, beta2, epsilon, weightDecay }: AdamOptions,
  decay: 'coupled' | 'decoupled',
): Optimizer => ({
  slotsPerWeight: 2,
  rates(learningRate, step) {
    const correction = Math.sqrt(1 - beta2 ** step)
    return [
      (learningRate * correction) / (1 - beta1 ** step),
      epsilon * correction,
      1 - beta1,
      1 - beta2,
      1 - learningRate * weightDecay,
    ]
  },
  update({ weight, slots }, gradient, rates) {
    const [first, second] = [at(slots, 0), at(slots, 1)]
    const g = decay === 'coupled' ? decayed(gradient, weight, weightDecay) : gradient
    const m = tf.add(first, tf.mul(tf.sub(g, first), at(rates, 2)))
    const v = tf.add(second, tf.mul(tf.sub(tf.square(g), second), at(rates, 3)))
    const direction = tf.div(m, tf.add(tf.sqrt(v), at(rates, 1)))
    const shrunk = decay === 'decoupled' ? tf.mul(weight, at(rates, 4)) : weight
    return { weight: tf.sub(shrunk, tf.mul(direction, at(rates, 0))), slots: [m, v] }
  },
})

/** The optimizer of a resolved spec. */
export function createOptimizer(spec: ResolvedOptimizer): Optimizer {
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0
        ? gradientDescent(spec.weightDecay)
        : withMomentum(spec.momentum, spec.nesterov, spec.weightDecay)
    case 'adam':
      return adam(spec, 'coupled')
    case 'adamw':
      return adam(spec, 'decoupled')
    case 'rmsprop':
      return rmsprop(spec.rho, spec.epsilon, spec.weightDecay)
  }
}
