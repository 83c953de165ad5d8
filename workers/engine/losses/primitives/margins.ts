/** The margins of `overhaul`: how negative a teacher's response is on average when it is negative. */
import { tf } from '../../tensorflow.ts'

/** Share of negative responses at and below which the mean over them is not meaningful. */
const RARE = 1e-3

/**
 * E[x | x < 0] for x normal with mean `shift` and standard deviation |`scale`|, as batch normalization leaves its
 * channels: shift − |scale| φ(r) / Φ(−r), r = shift / |scale|. Where fewer than one in a thousand is negative: −3 |scale|
 * (Heo et al. 2019, authors' code). Computed once a teacher.
 * @param scale `[channels]`, γ of the batch normalization before the activation; not 0
 * @param shift `[channels]`, β of it
 * @returns     `[channels]`, negative
 */
export const marginsOfBatchNorm = (scale: tf.Tensor1D, shift: tf.Tensor1D): tf.Tensor1D =>
  tf.tidy(() => {
    const deviation = tf.abs(scale)
    const ratio = tf.div(shift, deviation)
    const density = tf.mul(tf.exp(tf.mul(tf.square(ratio), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    const share = tf.mul(tf.sub(1, tf.erf(tf.mul(ratio, Math.SQRT1_2))), 0.5)
    const mean = tf.sub(shift, tf.div(tf.mul(deviation, density), tf.maximum(share, RARE)))
    return tf.where(tf.greater(share, RARE), mean, tf.mul(deviation, -3)) as tf.Tensor1D
  })
