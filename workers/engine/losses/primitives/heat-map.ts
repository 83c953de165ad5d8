/** Points as a picture. */
import { tf } from '../../tensorflow.ts'
import { insertAxis } from './insert-axis.ts'
import type { Points } from './points.ts'

/** `[batch, k, size]`: exp(−(x − centre)² / (2 spread²)) for x = 0 … size − 1. */
function bells(centres: tf.Tensor2D, size: number, spread: number): tf.Tensor3D {
  const axis = tf.range(0, size, 1, 'float32')
  const distance = tf.sub(insertAxis(tf.cast(centres, 'float32'), 2), axis)
  return tf.exp(tf.mul(tf.square(distance), -1 / (2 * spread ** 2))) as tf.Tensor3D
}

/**
 * At each position the largest exp(−d² / (2 spread²)) over the points, d being the distance in positions: 1 on a point.
 * The maximum and not the sum, so that points close together do not outshine one alone. A bell in two dimensions is the
 * product of one in each.
 * @param spread above 0, in positions
 * @returns `[batch, height, width]`, zeros for a sample without points
 */
export function heatMap(
  points: Points,
  height: number,
  width: number,
  spread: number,
): tf.Tensor3D {
  const down = tf.mul(bells(points.rows, height, spread), insertAxis(points.present, 2))
  const across = bells(points.columns, width, spread)
  return tf.max(tf.mul(insertAxis(down, 3), insertAxis(across, 2)), 1) as tf.Tensor3D
}
