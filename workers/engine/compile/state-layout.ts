/** The state of a training as variables: weights, what the optimizer remembers of each, and what terms and peers need. */
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
  /** In network order, then what is trained and what is moved beside them. */
  readonly weights: readonly StateVariable[]
  /** In network order, then what is trained beside the network. */
  readonly trainable: readonly TrainableLayout[]
  /** In network order, then what is moved beside them: each step gives them anew. */
  readonly movingAverages: readonly StateVariable[]
}

/** The variable of a weight, by name. */
export const variableOf = (weight: string): string => `state/${weight}`

const variable = (name: string, { shape, values }: Pick<NamedArray, 'shape' | 'values'>) =>
  ({ name: variableOf(name), dtype: 'float32', shape, values }) as const

/** The state before the first step: given weights, zero slots. */
export function stateLayout(
  network: Network,
  initialWeights: readonly NamedArray[],
  { slotsPerWeight }: Optimizer,
  trainedBeside: readonly NamedArray[] = [],
  movedBeside: readonly NamedArray[] = [],
): StateLayout {
  const all = [...initialWeights, ...trainedBeside, ...movedBeside]
  const byName = new Map(all.map((weight) => [weight.name, variable(weight.name, weight)]))
  const find = (name: string): StateVariable => {
    const found = byName.get(name)
    if (!found) throw new Error(`no initial weight called ${name}`)
    return found
  }
  const names = weightNames(network)
  return {
    weights: all.map(({ name }) => find(name)),
    movingAverages: [...names.movingAverages, ...movedBeside.map(({ name }) => name)].map(find),
    trainable: [...names.trainable, ...trainedBeside.map(({ name }) => name)].map((name) => {
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
