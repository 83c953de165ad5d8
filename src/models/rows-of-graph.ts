/** How rows of a dataset go into a graph of another framework, and which of its tensors can be logits. */
import type { ForeignInput, InputLayout } from '../domain/foreign-graph.ts'
import { elements, type Shape } from '../domain/network.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import { ModelError } from './model-error.ts'

/** A number, or null where it is a symbol or not said. */
export type Dimension = number | null

/** Channels of pictures: grey, or red, green and blue. */
const PICTURE_CHANNELS = [1, 3]
const MAX_CLASSES = 10_000

export const showDimensions = (shape: readonly Dimension[]): string =>
  `[${shape.map((side) => side ?? '?').join(', ')}]`

/** Fixed number of rows, or null; 0 and below are how some exporters write "any". */
export const batchOf = (shape: readonly Dimension[]): number | null => {
  const [batch = null] = shape
  return batch !== null && batch > 0 ? batch : null
}

function layoutOf(sides: Shape, asked: InputLayout | null, what: string): InputLayout {
  if (sides.length !== 3) {
    if (asked === 'channels-first')
      throw new ModelError(
        'input-layout-not-valid',
        `${what} takes rows of ${showDimensions(sides)}, which have no channel axis: leave \`layout\` out`,
      )
    return 'channels-last'
  }
  if (asked) return asked
  const [first = 0, , last = 0] = sides
  const [isFirst, isLast] = [first, last].map((side) => PICTURE_CHANNELS.includes(side))
  if (isFirst !== isLast) return isFirst ? 'channels-first' : 'channels-last'
  throw new ModelError(
    'input-layout-unknown',
    `${what} takes rows of ${showDimensions(sides)}, where the channels may come first or last: say which with layout=channels-first or layout=channels-last`,
  )
}

function datasetShape(sides: Shape, layout: InputLayout): Shape {
  const [first = 1, second = 1, third = 1] = sides
  if (sides.length === 2) return [first, second, 1]
  return layout === 'channels-first' ? [second, third, first] : sides
}

/**
 * @param shape `[batch, …]` as the graph says it
 * @param what begins the message of an error, for example `input "x"`
 * @throws ModelError when no row of a dataset could have this shape
 */
export function placeRows(
  name: string,
  shape: readonly Dimension[] | null,
  asked: InputLayout | null,
  what: string,
): { readonly input: ForeignInput; readonly inputShape: Shape } {
  const sides = shape?.slice(1).filter((side) => side !== null && side > 0) as number[] | undefined
  if (!shape || !sides || sides.length !== shape.length - 1 || ![1, 2, 3].includes(sides.length))
    throw new ModelError(
      'input-shape-not-supported',
      `${what} has the shape ${shape ? showDimensions(shape) : 'unknown'}; accepted are [batch, features], [batch, height, width] and [batch, height, width, channels] or [batch, channels, height, width], fixed but for the batch. Export the model with an example input of the dataset's shape`,
    )
  if (elements(sides) > MAX_LAYER_ELEMENTS)
    throw new ModelError(
      'input-shape-not-supported',
      `${what} has the shape ${showDimensions(shape)}, which is more than ${MAX_LAYER_ELEMENTS} numbers a row`,
    )
  const layout = layoutOf(sides, asked, what)
  return {
    input: { name, shape: sides, layout, batchRows: batchOf(shape) },
    inputShape: datasetShape(sides, layout),
  }
}

/**
 * @param shape `[batch, classes]`
 * @throws ModelError when it is another one
 */
export function classesOf(shape: readonly Dimension[] | null, what: string): number {
  const classes = shape?.length === 2 ? (shape[1] ?? 0) : 0
  if (!shape || classes < 2)
    throw new ModelError(
      'output-is-not-classes',
      `${what} has the shape ${shape ? showDimensions(shape) : 'unknown'}; a classifier gives [batch, classes] with one logit for each of 2 or more classes, and the number of classes must be written in the file`,
    )
  if (classes > MAX_CLASSES)
    throw new ModelError(
      'output-is-not-classes',
      `${what} has ${classes} classes; at most ${MAX_CLASSES} are allowed`,
    )
  return classes
}
