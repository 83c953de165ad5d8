/**
 * Batch normalization in training as TensorFlow's own op, forward and backward: composed out of single operations it
 * takes a dozen, and its gradient two dozen more, each of which goes through the whole activation.
 */
import { type Attribute, nativeBackend } from './native-backend.ts'
import { tf } from './tensorflow.ts'

const KERNEL = 'NativeBatchNorm'

function attributes(epsilon: number): Attribute[] {
  const { binding } = nativeBackend()
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'U', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ]
}

tf.registerKernel({
  kernelName: KERNEL,
  backendName: 'tensorflow',
  kernelFunc: ({ inputs, attrs }) => {
    const { epsilon } = attrs as unknown as { epsilon: number }
    // In training the op takes no averages; it still wants to be given something.
    const none = tf.zeros([0])
    const outputs = nativeBackend().executeMultipleOutputs(
      'FusedBatchNormV3',
      attributes(epsilon),
      [inputs.input, inputs.gamma, inputs.beta, none, none] as tf.Tensor[],
      6,
    )
    none.dispose()
    return outputs
  },
})

tf.registerGradient({
  kernelName: KERNEL,
  inputsToSave: ['input', 'gamma'],
  // What the op leaves for its gradient.
  outputsToSave: [false, false, false, true, true, true],
  gradFunc: (dy, saved, attrs) => {
    const { epsilon } = attrs as unknown as { epsilon: number }
    const [dOutput] = dy as tf.Tensor[]
    const [dInput, dGamma, dBeta] = nativeBackend().executeMultipleOutputs(
      'FusedBatchNormGradV3',
      attributes(epsilon),
      [dOutput as tf.Tensor, ...saved],
      5,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor]
    return { input: () => dInput, gamma: () => dGamma, beta: () => dBeta }
  },
})

/**
 * Normalizes by mean and population variance over all axes but the last.
 * @param input `[rows, height, width, channels]`
 * @param gamma `[channels]`
 * @param beta  `[channels]`
 * @returns mean and variance, `[channels]`, beside the output; no gradient flows through them
 */
export function normalizeBatch(
  input: tf.Tensor4D,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): { output: tf.Tensor4D; mean: tf.Tensor; variance: tf.Tensor } {
  const [output, mean, sample] = tf
    .engine()
    .runKernel(KERNEL, { input, gamma, beta }, { epsilon }) as unknown as [
    tf.Tensor4D,
    tf.Tensor,
    tf.Tensor,
  ]
  const count = input.size / (input.shape[3] || 1)
  // The op gives the variance with the divisor n − 1, and with 1 for a single value.
  return { output, mean, variance: tf.mul(sample, Math.max(1, count - 1) / count) }
}
