/**
 * Random changes of a batch: pure functions of the rows and of a seed, so that they are part of a recorded step.
 * Draws are Philox numbers by (seed, step); dropout counts upwards from the same seed, these count downwards.
 */
import type { ResolvedAugmentation } from '../../src/domain/augmentation.ts'
import { pickPlaces, statelessNormal, statelessUniform } from './native-ops.ts'
import { tf } from './tensorflow.ts'

const STREAMS = { rows: -1, columns: -2, flip: -3, noise: -4 } as const

const seedOf = (seed: tf.Tensor1D, stream: keyof typeof STREAMS): tf.Tensor1D =>
  tf.add(seed, tf.scalar(STREAMS[stream], 'int32'))

const range = (length: number): tf.Tensor2D =>
  tf.tensor2d(
    Int32Array.from({ length }, (_, index) => index),
    [1, length],
    'int32',
  )

/** A whole number from −distance to distance for each row, all equally likely: `[batch, 1]` int32. */
function distances(batch: number, distance: number, seed: tf.Tensor1D): tf.Tensor2D {
  const choices = 2 * distance + 1
  const drawn = tf.floor(tf.mul(statelessUniform([batch, 1], seed), choices))
  return tf.sub(tf.cast(drawn, 'int32'), tf.scalar(distance, 'int32'))
}

/**
 * Where each place of an axis is taken from: `[batch, length]` int32.
 * @param margin that was put before the axis
 */
function placesOf(
  places: tf.Tensor,
  moved: tf.Tensor2D | null,
  margin: number,
  length: number,
): tf.Tensor {
  if (!moved) return places
  const from = tf.add(tf.sub(places, moved), tf.scalar(margin, 'int32'))
  return margin > 0
    ? from
    : tf.minimum(tf.maximum(from, tf.scalar(0, 'int32')), tf.scalar(length - 1, 'int32'))
}

/**
 * Moves and mirrors each image on its own.
 * @param images `[batch, height, width, channels]`
 * @param seed   `[2]` int32
 */
export function shiftAndFlip(
  images: tf.Tensor4D,
  { shift, flip }: Pick<ResolvedAugmentation, 'shift' | 'flip'>,
  seed: tf.Tensor1D,
): tf.Tensor4D {
  if (!shift && !flip) return images
  const [batch, height, width] = images.shape
  const [rows, columns] = [shift?.rows ?? 0, shift?.columns ?? 0]
  const isPadded = shift?.fill === 'zero'
  const source = isPadded
    ? tf.pad(images, [
        [0, 0],
        [rows, rows],
        [columns, columns],
        [0, 0],
      ])
    : images
  const down = rows > 0 ? distances(batch, rows, seedOf(seed, 'rows')) : null
  const right = columns > 0 ? distances(batch, columns, seedOf(seed, 'columns')) : null
  let places: tf.Tensor = range(width)
  if (flip) {
    const isFlipped = tf.less(statelessUniform([batch, 1], seedOf(seed, 'flip')), 0.5)
    places = tf.where(isFlipped, tf.sub(tf.scalar(width - 1, 'int32'), places), places)
  }
  const moved = down
    ? pickPlaces(source, placesOf(range(height), down, isPadded ? rows : 0, height), 1)
    : source
  const result =
    right || flip
      ? pickPlaces(moved, placesOf(places, right, isPadded ? columns : 0, width), 2)
      : moved
  return result as tf.Tensor4D
}

/**
 * Adds Gaussian noise.
 * @param unit of the noise by channel, `[channels]`; null: 1
 */
export function addNoise(
  rows: tf.Tensor,
  standardDeviation: number,
  unit: Float32Array | null,
  seed: tf.Tensor1D,
): tf.Tensor {
  const noise = statelessNormal(rows.shape, seedOf(seed, 'noise'))
  const scale = unit
    ? tf.tensor1d(unit.map((value) => value * standardDeviation))
    : tf.scalar(standardDeviation)
  return tf.add(rows, tf.mul(noise, scale))
}

/**
 * The row that each row of a batch is mixed with: the one after it, for the last the first. Batches are shuffled, so it
 * is a random one.
 */
export function partnerOf<T extends tf.Tensor>(rows: T): T {
  const count = rows.shape[0] ?? 0
  const next = Int32Array.from({ length: count }, (_, row) => (row + 1) % count)
  return tf.gather(rows, tf.tensor1d(next, 'int32')) as T
}
