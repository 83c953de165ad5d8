/** The state of a training as a flat list: the weights in network order, then what the optimizer remembers of each. */
import { elements, type Network } from '../../../src/domain/network.ts'
import type { Optimizer } from '../optimizers.ts'
import type { tf } from '../tensorflow.ts'
import type { TrainingState } from '../training-step.ts'
import { type NamedArray, weightNames } from '../weights.ts'

/** The state before the first step. Names are unique, of letters that a node of a graph may have. */
export function startOf(
  network: Network,
  weights: readonly NamedArray[],
  { slotsPerWeight }: Optimizer,
): NamedArray[] {
  const byName = new Map(weights.map((weight) => [weight.name, weight]))
  const slots = weightNames(network).trainable.flatMap((name) =>
    Array.from({ length: slotsPerWeight }, (_, slot): NamedArray => {
      const shape = byName.get(name)?.shape ?? []
      return { name: `${name}/slot-${slot}`, shape, values: new Float32Array(elements(shape)) }
    }),
  )
  return [...weights, ...slots]
}

/** Tensors in the order of {@link startOf}. */
export function flatten(
  weights: readonly NamedArray[],
  network: Network,
  state: TrainingState,
): tf.Tensor[] {
  return [
    ...weights.map(({ name }) => state.weights[name] as tf.Tensor),
    ...weightNames(network).trainable.flatMap((name) => state.slots[name] ?? []),
  ]
}

/** The opposite of {@link flatten}. */
export function unflatten(
  weights: readonly NamedArray[],
  network: Network,
  { slotsPerWeight }: Optimizer,
  tensors: readonly tf.Tensor[],
): TrainingState {
  return {
    weights: Object.fromEntries(
      weights.map(({ name }, index) => [name, tensors[index] as tf.Tensor]),
    ),
    slots: Object.fromEntries(
      weightNames(network).trainable.map((name, index) => {
        const start = weights.length + index * slotsPerWeight
        return [name, tensors.slice(start, start + slotsPerWeight)]
      }),
    ),
  }
}
