/**
 * TensorFlow's own ops where tfjs composes a result, or a gradient, out of many small ones: its ReLU gradient takes
 * eight, its log-softmax seven, and each op costs more than a small network's arithmetic. Registered with tfjs, so that
 * its autodiff computes only the gradients that are asked for. Gradients of these gradients are not defined.
 */
import { type Attribute, nativeBackend as backend, type TensorHandle } from './native-backend.ts'
import { tf } from './tensorflow.ts'

const dtype = (name: string, type: 'TF_FLOAT' | 'TF_INT32'): Attribute => {
  const { binding } = backend()
  return { name, type: binding.TF_ATTR_TYPE, value: binding[type] }
}

const flag = (name: string, value: boolean): Attribute => ({
  name,
  type: backend().binding.TF_ATTR_BOOL,
  value,
})

const run = (name: string, inputs: tf.Tensor[], attributes: Attribute[] = []): tf.Tensor =>
  backend().executeSingleOutput(name, [dtype('T', 'TF_FLOAT'), ...attributes], inputs)

/**
 * The batched op also for two matrices. TensorFlow 2.21's plain MatMul hands float32 to oneDNN's sgemm, which corrupted
 * the heap on a processor with AVX-512 while `node --cpu-prof` was running; this op takes another way.
 */
const product = (
  a: tf.Tensor,
  b: tf.Tensor,
  adjoint: { a?: boolean; b?: boolean } = {},
): tf.Tensor =>
  run(
    'BatchMatMulV2',
    [a, b],
    [flag('adj_x', adjoint.a ?? false), flag('adj_y', adjoint.b ?? false)],
  )

interface Definition {
  readonly inputs: readonly string[]
  readonly save?: { inputs?: string[]; output?: boolean }
  forward(...inputs: tf.Tensor[]): tf.Tensor
  /** One function an input; `saved` are the saved inputs, then the output. */
  backward(dy: tf.Tensor, saved: tf.Tensor[]): readonly (() => tf.Tensor)[]
}

/** Makes a differentiable function of float32 tensors out of native ops. */
function defineOp(
  kernelName: string,
  { inputs, save, forward, backward }: Definition,
): (...values: tf.Tensor[]) => tf.Tensor {
  tf.registerKernel({
    kernelName,
    backendName: 'tensorflow',
    kernelFunc: (call) => forward(...inputs.map((name) => call.inputs[name] as tf.Tensor)),
  })
  tf.registerGradient({
    kernelName,
    inputsToSave: save?.inputs ?? [],
    outputsToSave: [save?.output ?? false],
    gradFunc: (dy, saved) => {
      const gradients = backward(dy as tf.Tensor, saved)
      return Object.fromEntries(
        inputs.map((name, index) => [name, gradients[index] as () => tf.Tensor]),
      )
    },
  })
  return (...values) =>
    tf
      .engine()
      .runKernel(
        kernelName,
        Object.fromEntries(inputs.map((name, index) => [name, values[index] as tf.Tensor])),
      ) as tf.Tensor
}

/** `[rows, inner]` times `[inner, columns]`. */
export const matMul = defineOp('NativeMatMul', {
  inputs: ['a', 'b'],
  save: { inputs: ['a', 'b'] },
  forward: (a, b) => product(a as tf.Tensor, b as tf.Tensor),
  backward: (dy, [a, b]) => [
    () => product(dy, b as tf.Tensor, { b: true }),
    () => product(a as tf.Tensor, dy, { a: true }),
  ],
})

/** Adds `bias [channels]` to the last axis. */
export const addBias = defineOp('NativeBiasAdd', {
  inputs: ['value', 'bias'],
  forward: (value, bias) => run('BiasAdd', [value as tf.Tensor, bias as tf.Tensor]),
  backward: (dy) => [() => tf.clone(dy), () => run('BiasAddGrad', [dy])],
})

export const relu = defineOp('NativeRelu', {
  inputs: ['features'],
  save: { output: true },
  forward: (features) => run('Relu', [features as tf.Tensor]),
  backward: (dy, [output]) => [() => run('ReluGrad', [dy, output as tf.Tensor])],
})

const withScalar = (value: number, use: (scalar: tf.Tensor) => tf.Tensor): tf.Tensor => {
  const scalar = tf.scalar(value, 'int32')
  const result = use(scalar)
  scalar.dispose()
  return result
}

/**
 * Rows of `table [rows, columns]` by `indices` int32 `[count]`, all of them rows that there are: `[count, columns]`. The
 * gradient of a row is the sum over the places that read it. tfjs-node's own gather looks at the indices on the host.
 */
export const lookUp = defineOp('NativeLookUp', {
  inputs: ['table', 'indices'],
  save: { inputs: ['table', 'indices'] },
  forward: (table, indices) =>
    withScalar(0, (axis) =>
      backend().executeSingleOutput(
        'GatherV2',
        [
          dtype('Tparams', 'TF_FLOAT'),
          dtype('Tindices', 'TF_INT32'),
          dtype('Taxis', 'TF_INT32'),
          { name: 'batch_dims', type: backend().binding.TF_ATTR_INT, value: 0 },
        ],
        [table as tf.Tensor, indices as tf.Tensor, axis],
      ),
    ),
  backward: (dy, [table, indices]) => [
    () =>
      withScalar(table?.shape[0] ?? 0, (rows) =>
        run(
          'UnsortedSegmentSum',
          [dy, indices as tf.Tensor, rows],
          [dtype('Tindices', 'TF_INT32'), dtype('Tnumsegments', 'TF_INT32')],
        ),
      ),
    () => tf.zeros(indices?.shape ?? []),
  ],
})

/** Over the last axis of `[rows, classes]`; the largest value is subtracted first. */
export const logSoftmax = defineOp('NativeLogSoftmax', {
  inputs: ['logits'],
  save: { output: true },
  forward: (logits) => run('LogSoftmax', [logits as tf.Tensor]),
  backward: (dy, [output]) => [
    () => tf.sub(dy, tf.mul(tf.sum(dy, -1, true), tf.exp(output as tf.Tensor))),
  ],
})

/**
 * GatherV2 without a gradient. tfjs-node's own gather reads the numbers back to look for wrong ones, and a step that reads
 * numbers back cannot become a graph; here they are the caller's to check.
 */
function gatherFrom(values: tf.Tensor, indices: tf.Tensor, axis: number, batchDims: 0 | 1) {
  const along = tf.scalar(axis, 'int32')
  const attributes = [
    dtype('Tparams', 'TF_FLOAT'),
    dtype('Tindices', 'TF_INT32'),
    dtype('Taxis', 'TF_INT32'),
    { name: 'batch_dims', type: backend().binding.TF_ATTR_INT, value: batchDims },
  ]
  const result = backend().executeSingleOutput('GatherV2', attributes, [values, indices, along])
  along.dispose()
  return result
}

/**
 * Rows of a matrix by number, without a gradient.
 * @param matrix  `[rows, width]`
 * @param indices `[…]` int32, each at least 0 and below `rows`
 * @returns       `[…, width]`
 */
export const takeRows = (matrix: tf.Tensor2D, indices: tf.Tensor): tf.Tensor =>
  gatherFrom(matrix, indices, 0, 0)

/**
 * A matrix with other rows in some places, without a gradient.
 * @param matrix `[rows, width]` float32
 * @param places `[count]` int32, each once, at least 0 and below `rows`
 * @param values `[count, width]`
 */
export const putRows = (matrix: tf.Tensor2D, places: tf.Tensor1D, values: tf.Tensor): tf.Tensor2D =>
  backend().executeSingleOutput(
    'TensorScatterUpdate',
    [dtype('T', 'TF_FLOAT'), dtype('Tindices', 'TF_INT32')],
    [matrix, tf.reshape(places, [places.size, 1]), values],
  ) as tf.Tensor2D

/**
 * Places of an axis, others for each row of a batch, without a gradient.
 * @param values `[batch, …]` float32
 * @param places `[batch, places]` int32, each within the axis
 */
export const pickPlaces = (values: tf.Tensor, places: tf.Tensor, axis: number): tf.Tensor =>
  gatherFrom(values, places, axis, 1)

/** Half the sum of the squares of all numbers, in one op. Has no gradient. */
export const halfSquares = (values: tf.Tensor): tf.Scalar => run('L2Loss', [values]) as tf.Scalar

/** TensorFlow's DT_UINT64, which tfjs has no tensors of. */
const UINT64 = 23
const PHILOX = 1

/** Integers of 64 bits, out of pairs of int32, as a handle below tfjs; to be deleted. */
function asUint64(pairs: tf.Tensor): number {
  const { binding } = backend()
  const [input] = backend().getInputTensorIds([pairs]) as [number]
  const type = { name: 'type', type: binding.TF_ATTR_TYPE, value: UINT64 }
  const [output] = binding.executeOp('Bitcast', [dtype('T', 'TF_INT32'), type], [input], 1)
  return (output as { id: number }).id
}

/** Bits of a float32's fraction. */
const FRACTION_BITS = 23

/**
 * Uniform numbers in [0, 1) as a pure function of a seed `[2]` int32: Philox 4x32 with the seed as its key (Salmon et
 * al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), the same numbers eagerly, in a graph and compiled by XLA.
 * From whole numbers, because TensorFlow makes a float out of their low bits and XLA out of their high ones.
 * tfjs' own random tensors are made on the host: a training step built on them could not be compiled into a graph.
 */
export function statelessUniform(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  const { binding } = backend()
  return tf.tidy(() => {
    const [size] = backend().getInputTensorIds([tf.tensor1d([...shape], 'int32')]) as [number]
    const [algorithm] = backend().getInputTensorIds([tf.scalar(PHILOX, 'int32')]) as [number]
    const key = asUint64(tf.reshape(seed, [1, 2]))
    const counter = asUint64(tf.tensor2d([0, 0, 0, 0], [2, 2], 'int32'))
    const attributes = [dtype('dtype', 'TF_INT32'), dtype('Tshape', 'TF_INT32')]
    const inputs = [size, key, counter, algorithm]
    const [drawn] = binding.executeOp('StatelessRandomUniformFullIntV2', attributes, inputs, 1)
    binding.deleteTensor(key)
    binding.deleteTensor(counter)
    const bits = backend().createOutputTensor(drawn as TensorHandle)
    const mask = tf.scalar(2 ** FRACTION_BITS - 1, 'int32')
    const fraction = backend().executeSingleOutput(
      'BitwiseAnd',
      [dtype('T', 'TF_INT32')],
      [bits, mask],
    )
    return tf.mul(tf.cast(fraction, 'float32'), 2 ** -FRACTION_BITS)
  })
}

/** Standard normal numbers from two uniform ones each (Box and Muller 1958); at most 5.6 away from 0. */
export function statelessNormal(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const [first, second] = tf.unstack(statelessUniform([2, ...shape], seed)) as [
      tf.Tensor,
      tf.Tensor,
    ]
    const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, first)), -2))
    return tf.mul(radius, tf.cos(tf.mul(second, 2 * Math.PI)))
  })
}
