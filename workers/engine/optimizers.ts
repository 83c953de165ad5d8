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

/** An input of a {@link FusedUpdate}: a variable or tensor by its place, or a number that never changes. */
export type Operand =
  /** The variable. */
  | 'weight'
  /** What the variable holds when the step begins. */
  | 'value'
  | 'gradient'
  | { readonly slot: number }
  | { readonly rate: number }
  | { readonly constant: number }

/** TensorFlow's own op for an update, which changes variables in place: one pass over memory, not one an operation. */
export interface FusedUpdate {
  readonly op: string
  readonly operands: readonly Operand[]
  /** Attributes of the op that are true. */
  readonly flags?: readonly string[]
}

export interface Optimizer {
  /** Share of each weight that is added to its gradient before `update` (an L2 penalty of half that size). */
  readonly weightDecay: number
  /** Tensors remembered for each weight; they start as zeros. */
  readonly slotsPerWeight: number
  /**
   * The numbers a step needs.
   * @param step from 1
   */
  rates(learningRate: number, step: number): readonly number[]
  /** One step for one weight. `rates` are those numbers as scalars. Nothing is disposed. */
  update(current: Optimized, gradient: tf.Tensor, rates: readonly tf.Scalar[]): Optimized
  /** The same arithmetic as `update`, in the same order: one op after the other. */
  readonly fused: readonly FusedUpdate[]
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index]
  if (value === undefined) throw new Error(`optimizer state has no entry ${index}`)
  return value
}

/** `w ← w − rate · g`. */
const gradientDescent = (weightDecay: number): Optimizer => ({
  weightDecay,
  slotsPerWeight: 0,
  rates: (learningRate) => [learningRate],
  update: ({ weight }, gradient, rates) => ({
    weight: tf.sub(weight, tf.mul(gradient, at(rates, 0))),
    slots: [],
  }),
  fused: [{ op: 'ResourceApplyGradientDescent', operands: ['weight', { rate: 0 }, 'gradient'] }],
})

/**
 * `v ← momentum · v + g`, `w ← w − rate · v`: PyTorch's form, in which a new rate also applies to the past. With Nesterov
 * the step is `g + momentum · v` (Sutskever et al. 2013, equation 7, in the same form).
 */
const withMomentum = (momentum: number, nesterov: boolean, weightDecay: number): Optimizer => ({
  weightDecay,
  slotsPerWeight: 1,
  rates: (learningRate) => [learningRate, momentum],
  update({ weight, slots }, gradient, rates) {
    const [rate, share] = [at(rates, 0), at(rates, 1)]
    const velocity = tf.add(tf.mul(at(slots, 0), share), gradient)
    const change = nesterov
      ? tf.add(tf.mul(gradient, rate), tf.mul(tf.mul(velocity, share), rate))
      : tf.mul(velocity, rate)
    return { weight: tf.sub(weight, change), slots: [velocity] }
  },
  fused: [
    {
      op: 'ResourceApplyMomentum',
      operands: ['weight', { slot: 0 }, { rate: 0 }, 'gradient', { rate: 1 }],
      flags: nesterov ? ['use_nesterov'] : [],
    },
  ],
})

interface Moments {
  readonly beta1: number
  readonly beta2: number
}

/** Moves both moments and steps by `rate · m / (√v + ε)`; what rate and ε are is the caller's. */
function momentStep(
  { weight, slots }: Optimized,
  gradient: tf.Tensor,
  [rate, epsilon, share1, share2]: readonly tf.Scalar[],
): Optimized {
  const [first, second] = [at(slots, 0), at(slots, 1)]
  const m = tf.add(first, tf.mul(tf.sub(gradient, first), share1 as tf.Scalar))
  const v = tf.add(second, tf.mul(tf.sub(tf.square(gradient), second), share2 as tf.Scalar))
  const change = tf.div(tf.mul(m, rate as tf.Scalar), tf.add(tf.sqrt(v), epsilon as tf.Scalar))
  return { weight: tf.sub(weight, change), slots: [m, v] }
}

/** The op of {@link momentStep}. The powers of β1 and β2 are given as 0: corrections are in the rates already. */
const momentOp = ({ beta1, beta2 }: Moments): FusedUpdate => ({
  op: 'ResourceApplyAdam',
  operands: [
    'weight',
    { slot: 0 },
    { slot: 1 },
    { constant: 0 },
    { constant: 0 },
    { rate: 0 },
    { constant: beta1 },
    { constant: beta2 },
    { rate: 1 },
    'gradient',
  ],
})

/** As TensorFlow's op has them, so that moments and corrections agree about them. */
const rounded = ({ beta1, beta2 }: Moments): Moments => ({
  beta1: Math.fround(beta1),
  beta2: Math.fround(beta2),
})

/**
 * Adam (Kingma & Ba 2015, algorithm 1), with the bias corrections moved from the moments into two scalars, which saves
 * two operations a weight: `w ← w − α̂ m / (√v + ε̂)`, where `c = √(1 − β2^t)`, `α̂ = rate · c / (1 − β1^t)`, `ε̂ = ε c`.
 * That is the algorithm itself with the fraction extended by c, and not the approximation with a constant ε̂.
 * `decoupledDecay` makes it AdamW (Loshchilov & Hutter 2019, algorithm 2): the weight itself shrinks first, by
 * `rate · decay`, untouched by the moments.
 */
function adam(
  moments: Moments,
  epsilon: number,
  { weightDecay = 0, decoupledDecay = 0 }: { weightDecay?: number; decoupledDecay?: number },
): Optimizer {
  const { beta1, beta2 } = rounded(moments)
  return {
    weightDecay,
    slotsPerWeight: 2,
    rates(learningRate, step) {
      const correction = Math.sqrt(1 - beta2 ** step)
      return [
        (learningRate * correction) / (1 - beta1 ** step),
        epsilon * correction,
        1 - beta1,
        1 - beta2,
        learningRate * decoupledDecay,
      ]
    },
    update(current, gradient, rates) {
      if (decoupledDecay === 0) return momentStep(current, gradient, rates)
      const { weight, slots } = current
      const shrunk = tf.sub(weight, tf.mul(weight, at(rates, 4)))
      return momentStep({ weight: shrunk, slots }, gradient, rates)
    },
    fused: [
      ...(decoupledDecay === 0
        ? []
        : [
            {
              op: 'ResourceApplyGradientDescent',
              operands: ['weight', { rate: 4 }, 'value'],
            } as const,
          ]),
      momentOp({ beta1, beta2 }),
    ],
  }
}

/**
 * `v ← ρ v + (1 − ρ) g²`, `w ← w − rate · g / (√v + ε)` (Hinton, lecture 6e): PyTorch's form, ε outside the root. It is
 * Adam's step without a first moment and without corrections, and is run as that: TensorFlow's own RMSProp has ε inside.
 */
function rmsprop(rho: number, epsilon: number, weightDecay: number): Optimizer {
  const moments = rounded({ beta1: 0, beta2: rho })
  return {
    weightDecay,
    slotsPerWeight: 2,
    rates: (learningRate) => [learningRate, epsilon, 1, 1 - moments.beta2],
    update: momentStep,
    fused: [momentOp(moments)],
  }
}

/** The optimizer of a resolved spec. */
export function createOptimizer(spec: ResolvedOptimizer): Optimizer {
  switch (spec.name) {
    case 'sgd':
      return spec.momentum === 0
        ? gradientDescent(spec.weightDecay)
        : withMomentum(spec.momentum, spec.nesterov, spec.weightDecay)
    case 'adam':
      return adam(spec, spec.epsilon, { weightDecay: spec.weightDecay })
    case 'adamw':
      return adam(spec, spec.epsilon, { decoupledDecay: spec.weightDecay })
    case 'rmsprop':
      return rmsprop(spec.rho, spec.epsilon, spec.weightDecay)
  }
}
