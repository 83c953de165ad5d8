/** What one row of a model's input looks like, from `batch_shape` or `batch_input_shape`. */
import { elements, type Shape } from '../domain/network.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import { shown } from './json-fields.ts'
import { ModelError } from './model-error.ts'
import type { TopologyNode } from './topology.ts'

export interface ModelInput {
  /** `[features]` or `[height, width, channels]`. */
  readonly shape: Shape
  /** The layers after the input. */
  readonly nodes: readonly TopologyNode[]
  readonly notes: readonly string[]
}

/** @param builtShape stands in where no layer says it; `[batch, ...]` */
export function readInput(all: readonly TopologyNode[], builtShape: unknown): ModelInput {
  const first = all[0]?.layer
  if (first === undefined)
    throw new ModelError('model-topology-not-valid', 'model.json: the model has no layers')
  const isInput = first.className === 'InputLayer'
  const nodes = isInput ? all.slice(1) : all
  const late = nodes.find(({ layer }) => layer.className === 'InputLayer')?.layer
  if (late)
    throw new ModelError(
      'model-wiring-not-supported',
      `${late.fields.where}: a second input; accepted is one, at the start`,
    )
  const written =
    first.fields.value('batch_shape') ?? first.fields.value('batch_input_shape') ?? builtShape
  const sides: unknown[] = Array.isArray(written) ? written.slice(1) : []
  const isSide = (side: unknown): side is number =>
    typeof side === 'number' && Number.isInteger(side) && side >= 1 && side <= MAX_LAYER_ELEMENTS
  if (!Array.isArray(written) || !sides.every(isSide) || ![1, 2, 3].includes(sides.length))
    throw new ModelError(
      'input-shape-not-supported',
      `${first.fields.where}: the input shape is ${written === undefined ? 'not given' : shown(written)}; accepted are [null, features] and [null, height, width, channels], with whole numbers. Give the first layer a fixed input shape`,
    )
  if (elements(sides) > MAX_LAYER_ELEMENTS)
    throw new ModelError(
      'input-shape-not-supported',
      `${first.fields.where}: the input shape ${shown(written)} has more than ${MAX_LAYER_ELEMENTS} numbers a row`,
    )
  if (sides.length !== 2) return { shape: sides, nodes, notes: [] }
  // The usual first lines of a tutorial: grey images without a channel axis, flattened at once.
  const readers = isInput
    ? nodes.filter(({ inputs }) => inputs.includes(first.name))
    : all.slice(0, 1)
  if (!readers.every(({ layer }) => layer.className === 'Flatten'))
    throw new ModelError(
      'input-shape-not-supported',
      `${first.fields.where}: the input shape ${shown(written)} has two axes, which only a Flatten layer may take; give images a channel axis: [null, ${sides.join(', ')}, 1]`,
    )
  const shape = [...sides, 1]
  return {
    shape,
    nodes,
    notes: [
      `the input [${sides.join(', ')}] is read as images of one channel: [${shape.join(', ')}]`,
    ],
  }
}
