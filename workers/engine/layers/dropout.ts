/**
 * Inverted dropout (Srivastava et al. 2014, section 10): inputs are kept with probability 1 − rate and then divided
 * by it, so that nothing has to be done outside training.
 */
import { statelessUniform } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'

/**
 * @param rate     in [0, 1), share of inputs set to 0
 * @param seed     `[2]` int32, other in every step
 * @param position of the layer in the network: two dropout layers of one step draw differently
 */
export function dropout(
  input: tf.Tensor,
  rate: number,
  seed: tf.Tensor1D,
  position: number,
): tf.Tensor {
  if (rate === 0) return input
  const mask = tf.tidy(() => {
    const layerSeed = tf.add<tf.Tensor1D>(seed, tf.scalar(position, 'int32'))
    const kept = tf.greaterEqual(statelessUniform(input.shape, layerSeed), rate)
    return tf.div(tf.cast(kept, 'float32'), 1 - rate)
  })
  return tf.mul(input, mask)
}
