/** The state of a training as variables: the weights, what the optimizer remembers of each, and what terms remember. */
import { elements, type Network } from '../../../src/domain/network.ts'
import type { Optimizer } from '../optimizers.ts'
import { type NamedArray, weightNames } from '../weights.ts'
import type { Variable } from './variables.ts'

export type StateVariable = Variable & NamedArray

export interface TrainableLayout {
  readonly weight: StateVariable
  readonly slots: readonly StateVariable[]
}

export interface StateLayout {
  /** In network order, then projectors and memories. */
  readonly weights: readonly StateVariable[]
  /** In network order, projectors last. */
  readonly trainable: readonly TrainableLayout[]
  /** In network order, what terms remember last: each step gives them anew. */
  readonly movingAverages: readonly StateVariable[]
}

const variable = (name: string, { shape, values }: Pick<NamedArray, 'shape' | 'values'>) =>
  ({ name: `state/${name}`, dtype: 'float32', shape, values }) as const

/** The state before the first step: given weights, zero slots. */
export function stateLayout(
  network: Network,
  initialWeights: readonly NamedArray[],
  { slotsPerWeight }: Optimizer,
  projectors: readonly NamedArray[] = [],
  memories: readonly NamedArray[] = [],
): StateLayout {
  const all = [...initialWeights, ...projectors, ...memories]
  const byName = new Map(all.map((weight) => [weight.name, variable(weight.name, weight)]))
  const find = (name: string): StateVariable => {
    const found = byName.get(name)
    if (!found) throw new Error(`no initial weight called ${name}`)
    return found
  }
  const names = weightNames(network)
  return {
    weights: all.map(({ name }) => find(name)),
    movingAverages: [...names.movingAverages, ...memories.map(({ name }) => name)].map(find),
    trainable: [...names.trainable, ...projectors.map(({ name }) => name)].map((name) => {
      const weight = find(name)
      const { shape } = weight
      const slots = Array.from({ length: slotsPerWeight }, (_, slot) =>
        variable(`${name}/slot-${slot}`, { shape, values: new Float32Array(elements(shape)) }),
      )
      return { weight, slots }
    }),
  }
}

/** Every variable of a state, once. */
export const variablesOf = ({ weights, trainable }: StateLayout): StateVariable[] => [
  ...weights,
  ...trainable.flatMap(({ slots }) => slots),
]
