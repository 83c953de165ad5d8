/** Feature maps `[batch, height, width, channels]` of different sizes, made comparable. */
import { tf } from '../../tensorflow.ts'

/** `[to, from]`: row i averages the entries floor(i from / to) to ceil((i + 1) from / to) − 1. */
function averaging(from: number, to: number): tf.Tensor3D {
  const matrix = tf.buffer([1, to, from])
  for (let cell = 0; cell < to; cell++) {
    const first = Math.floor((cell * from) / to)
    const end = Math.ceil(((cell + 1) * from) / to)
    for (let index = first; index < end; index++) matrix.set(1 / (end - first), 0, cell, index)
  }
  return matrix.toTensor() as tf.Tensor3D
}

/**
 * Adaptive average pooling, PyTorch's `adaptive_avg_pool2d`. Windows have equal sizes where the old size is a multiple
 * of the new one, and overlap where it is not (7 to 4). A mean over a window of a 1 × 1 convolution is the convolution of
 * the mean, so it does not matter on which side of a linear projector the pooling is.
 */
export function poolTo(features: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [, fromHeight, fromWidth] = features.shape
  if (fromHeight === height && fromWidth === width) return features
  if (fromHeight % height === 0 && fromWidth % width === 0) {
    const window: [number, number] = [fromHeight / height, fromWidth / width]
    return tf.avgPool(features, window, window, 'valid')
  }
  return tf.tidy(() =>
    combine(features, averaging(fromHeight, height), averaging(fromWidth, width)),
  )
}

/**
 * Each position as a sum of positions.
 * @param rows    `[1, new height, old height]`
 * @param columns `[1, new width, old width]`
 */
function combine(features: tf.Tensor4D, rows: tf.Tensor3D, columns: tf.Tensor3D): tf.Tensor4D {
  const [batch, fromHeight, fromWidth, channels] = features.shape
  const [height, width] = [rows.shape[1], columns.shape[1]]
  const byRows = tf.matMul(rows, tf.reshape(features, [batch, fromHeight, fromWidth * channels]))
  const byColumns = tf.matMul(columns, tf.reshape(byRows, [batch * height, fromWidth, channels]))
  return tf.reshape(byColumns, [batch, height, width, channels]) as tf.Tensor4D
}

/** `[to, from]`: row i is the entry floor(i from / to). */
function nearest(from: number, to: number): tf.Tensor3D {
  const matrix = tf.buffer([1, to, from])
  for (let cell = 0; cell < to; cell++) matrix.set(1, 0, cell, Math.floor((cell * from) / to))
  return matrix.toTensor() as tf.Tensor3D
}

/** Nearest neighbours, PyTorch's `interpolate` of that mode. Products with ones, whose gradient is the same in every run. */
export function enlargeTo(features: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [, fromHeight, fromWidth] = features.shape
  if (fromHeight === height && fromWidth === width) return features
  return tf.tidy(() => combine(features, nearest(fromHeight, height), nearest(fromWidth, width)))
}

/** Both maps at the smaller height and the smaller width: detail that one of them lacks cannot be compared. */
export function toSameSize(student: tf.Tensor4D, teacher: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] {
  const height = Math.min(student.shape[1], teacher.shape[1])
  const width = Math.min(student.shape[2], teacher.shape[2])
  return [poolTo(student, height, width), poolTo(teacher, height, width)]
}

/** Likewise where the taps may also be dense, `[batch, units]`. */
export function toComparable(student: tf.Tensor, teacher: tf.Tensor): [tf.Tensor, tf.Tensor] {
  if (student.rank !== 4 || teacher.rank !== 4) return [student, teacher]
  return toSameSize(student as tf.Tensor4D, teacher as tf.Tensor4D)
}

/** `[batch, height · width, channels]`. */
export function byPosition(features: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width, channels] = features.shape
  return tf.reshape(features, [batch, height * width, channels])
}

/** `[batch, everything else]`. */
export function asRows(features: tf.Tensor): tf.Tensor2D {
  const [batch = 0] = features.shape
  return tf.reshape(features, [batch, features.size / (batch || 1)])
}
