/** Distinguished positions of planes `[batch, height, width]`. Selections: no gradient flows through them. */
import { tf } from '../../tensorflow.ts'

/** Up to k positions a sample, best first. */
export interface Points {
  /** `[batch, k]` int32. */
  readonly rows: tf.Tensor2D
  readonly columns: tf.Tensor2D
  /** `[batch, k]` float32: 1 for a point, 0 where a sample has fewer. */
  readonly present: tf.Tensor2D
}

type Offset = readonly [row: number, column: number]
const BEFORE: readonly Offset[] = [
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, -1],
]

/**
 * 1 where a value is above 0 and above its eight neighbours inside the plane, else 0. Of equal neighbours the first one
 * in reading order wins, so that a plateau has few maxima and not none.
 * @param planes not negative
 */
export function localMaxima(planes: tf.Tensor3D): tf.Tensor3D {
  const [batch, height, width] = planes.shape
  const padded = tf.pad(
    planes,
    [
      [0, 0],
      [1, 1],
      [1, 1],
    ],
    -1,
  )
  const neighbour = ([row, column]: Offset): tf.Tensor =>
    tf.slice(padded, [0, 1 + row, 1 + column], [batch, height, width])
  const largest = (offsets: readonly Offset[]): tf.Tensor =>
    offsets.map(neighbour).reduce((one, other) => tf.maximum(one, other))
  const after = BEFORE.map(([row, column]): Offset => [-row, -column])
  const isMaximum = tf.logicalAnd(
    tf.greater(planes, tf.maximum(largest(BEFORE), 0)),
    tf.greaterEqual(planes, largest(after)),
  )
  return tf.cast(isMaximum, 'float32') as tf.Tensor3D
}

/**
 * The largest values above a threshold; of equal values the first in reading order comes first.
 * @param count not above height · width is taken
 */
export function largestPoints(planes: tf.Tensor3D, count: number, threshold: number): Points {
  const [batch, height, width] = planes.shape
  const positions = height * width
  const { values, indices } = tf.topk(
    tf.reshape(planes, [batch, positions]) as tf.Tensor2D,
    Math.min(count, positions),
  )
  // Exact in float32, and floorDiv by a constant is not left alone by every optimizer of graphs.
  const rows = tf.cast(
    tf.floor(tf.mul(tf.add(tf.cast(indices, 'float32'), 0.5), 1 / width)),
    'int32',
  )
  return {
    rows: rows as tf.Tensor2D,
    columns: tf.sub(indices, tf.mul(rows, tf.scalar(width, 'int32'))) as tf.Tensor2D,
    present: tf.cast(tf.greater(values, threshold), 'float32') as tf.Tensor2D,
  }
}
