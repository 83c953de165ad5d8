/** What one row of a model's input looks like, from `batch_shape` or `batch_input_shape`. */
import { elements, type Shape, sameShape, showShape } from '../domain/network.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import { shown } from './json-fields.ts'
import { ModelError } from './model-error.ts'
import type { TopologyNode } from './topology.ts'

export interface ModelInput {
  /** Of one row: `[features]` or `[height, width, channels]`. */
  readonly shape: Shape
  /** What rows are reshaped to before the first layer; null: they are taken as they are. */
  readonly reshaped: Shape | null
  /** The layers after the input. */
  readonly nodes: readonly TopologyNode[]
  readonly notes: readonly string[]
}

/** Sides that Keras leaves open are those of the rows. */
function sidesOf(written: unknown, rows: Shape | null): unknown[] | null {
  if (!Array.isArray(written)) return written === undefined && rows ? [...rows] : null
  const sides: unknown[] = written.slice(1)
  return rows?.length === sides.length ? sides.map((side, axis) => side ?? rows[axis]) : sides
}

/** How rows of `rows` become what the model takes. */
function fitRows(
  sides: Shape,
  rows: Shape,
  isFlattened: boolean,
): Pick<ModelInput, 'shape' | 'reshaped' | 'notes'> | null {
  if (elements(sides) !== elements(rows)) return null
  if (sameShape(sides, rows) || isFlattened) return { shape: rows, reshaped: null, notes: [] }
  return {
    shape: rows,
    reshaped: sides,
    notes: [`rows of ${showShape(rows)} are reshaped to ${showShape(sides)}`],
  }
}

/**
 * @param builtShape stands in where no layer says it; `[batch, ...]`
 * @param rows       shape of the rows that the network is for; null: those that the model says
 */
export function readInput(
  all: readonly TopologyNode[],
  builtShape: unknown,
  rows: Shape | null,
): ModelInput {
  const first = all[0]?.layer
  if (first === undefined)
    throw new ModelError('model-topology-not-valid', 'the model has no layers')
  const isInput = first.className === 'InputLayer'
  const nodes = isInput ? all.slice(1) : all
  const late = nodes.find(({ layer }) => layer.className === 'InputLayer')?.layer
  if (late)
    throw late.fields.error(
      'model-wiring-not-supported',
      'a second input; accepted is one, at the start',
    )
  const key = first.fields.value('batch_shape') === undefined ? 'batch_input_shape' : 'batch_shape'
  const written = first.fields.value(key) ?? builtShape ?? undefined
  const refuse = (why: string): never => {
    throw first.fields.error('input-shape-not-supported', why, key)
  }
  const sides = sidesOf(written, rows)
  const isSide = (side: unknown): side is number =>
    typeof side === 'number' && Number.isInteger(side) && side >= 1 && side <= MAX_LAYER_ELEMENTS
  if (!sides?.every(isSide) || ![1, 2, 3].includes(sides.length))
    return refuse(
      `the input shape is ${written === undefined ? 'not given' : shown(written)}; accepted are [null, features], [null, length, channels] and [null, height, width, channels], with whole numbers. Give the first layer a fixed input shape`,
    )
  if (elements(sides) > MAX_LAYER_ELEMENTS)
    return refuse(
      `the input shape ${shown(written)} has more than ${MAX_LAYER_ELEMENTS} numbers a row`,
    )
  const readers = isInput
    ? nodes.filter(({ inputs }) => inputs.includes(first.name))
    : all.slice(0, 1)
  const isFlattened = readers.every(({ layer }) => layer.className === 'Flatten')
  if (rows) {
    const fit = fitRows(sides, rows, isFlattened)
    return fit
      ? { nodes, ...fit }
      : refuse(
          `the model takes ${elements(sides)} numbers a row, ${showShape(sides)}, but the rows are ${showShape(rows)}`,
        )
  }
  if (sides.length !== 2) return { shape: sides, reshaped: null, nodes, notes: [] }
  // The usual first lines of a tutorial: grey images without a channel axis, flattened at once.
  if (isFlattened) {
    const shape = [...sides, 1]
    return {
      shape,
      reshaped: null,
      nodes,
      notes: [
        `the input ${showShape(sides)} is read as images of one channel: ${showShape(shape)}`,
      ],
    }
  }
  // Datasets have no sequences: their rows are vectors.
  const shape = [elements(sides)]
  return {
    shape,
    reshaped: sides,
    nodes,
    notes: [`rows of ${showShape(shape)} are reshaped to ${showShape(sides)}`],
  }
}
