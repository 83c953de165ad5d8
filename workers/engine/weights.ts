/**
 * The weights of a network, on the host as named float32 arrays and on the device as tensors.
 * Layouts are TensorFlow's: dense kernels `[in, out]`, convolution kernels `[height, width, in, out]`.
 */
import {
  elements,
  type Network,
  type Shape,
  type WeightShape,
  weightName,
} from '../../src/domain/network.ts'
import { InputError } from './input-error.ts'
import { deriveSeed, randomStream, uniform } from './random.ts'
import { tf } from './tensorflow.ts'

/** One float32 array with its name (`layer.weight`) and shape, row-major. */
export interface NamedArray {
  readonly name: string
  readonly shape: Shape
  readonly values: Float32Array
}

/** Tensors by `layer.weight`. */
export type Weights = Readonly<Record<string, tf.Tensor>>

/** Names of the weights in network order, split by who changes them. */
export function weightNames(network: Network): { trainable: string[]; movingAverages: string[] } {
  const trainable: string[] = []
  const movingAverages: string[] = []
  for (const { name, weights } of network.layers)
    for (const weight of weights)
      (weight.trainable ? trainable : movingAverages).push(weightName(name, weight.name))
  return { trainable, movingAverages }
}

/** Fan-in plus fan-out of a kernel: the last two axes, times the window before them. */
export function fans(shape: Shape): number {
  const window = elements(shape.slice(0, -2))
  return window * ((shape.at(-2) ?? 1) + (shape.at(-1) ?? 1))
}

/** Keras' start of an embedding. */
const EMBEDDING_LIMIT = 0.05

function startValues({ name, shape }: WeightShape, seed: number): Float32Array {
  const count = elements(shape)
  switch (name) {
    case 'kernel':
    case 'depthwiseKernel':
    case 'pointwiseKernel':
      return uniform(count, Math.sqrt(6 / fans(shape)), randomStream(seed))
    case 'embeddings':
      return uniform(count, EMBEDDING_LIMIT, randomStream(seed))
    case 'gamma':
    case 'movingVariance':
      return new Float32Array(count).fill(1)
    case 'bias':
    case 'beta':
    case 'movingMean':
      return new Float32Array(count)
  }
}

/**
 * Draws the initial weights as Keras does: kernels Glorot uniform, `U(−l, l)` with `l = √(6 / (fan in + fan out))`
 * (Glorot & Bengio 2010, equation 16); embeddings `U(−0.05, 0.05)`; biases, betas and moving means 0; gammas and moving variances 1.
 * Each kernel has a stream of its own, named by its position, so that equal networks with other layer names start equal.
 */
export const initialize = (network: Network, seed: number): NamedArray[] =>
  network.layers.flatMap(({ name, weights }, position) =>
    weights.map((weight) => ({
      name: weightName(name, weight.name),
      shape: weight.shape,
      values: startValues(weight, deriveSeed(seed, position, weight.name)),
    })),
  )

/** Uploads arrays. The caller disposes the tensors. */
export const upload = (arrays: readonly NamedArray[]): Weights =>
  Object.fromEntries(
    arrays.map(({ name, shape, values }) => [name, tf.tensor(values, [...shape], 'float32')]),
  )

/** Reads the weights of a network back, in network order. */
export const download = (network: Network, weights: Weights): NamedArray[] =>
  network.layers.flatMap((placed) =>
    placed.weights.map((weight) => {
      const name = weightName(placed.name, weight.name)
      const values = weights[name]?.dataSync()
      if (!(values instanceof Float32Array)) throw new Error(`no float32 tensor called ${name}`)
      return { name, shape: weight.shape, values }
    }),
  )

/**
 * Picks the weights of a network out of a file, in network order.
 * @throws InputError when one is missing or has another shape.
 */
export function matchWeights(network: Network, arrays: readonly NamedArray[]): NamedArray[] {
  const byName = new Map(arrays.map((array) => [array.name, array]))
  return network.layers.flatMap((placed) =>
    placed.weights.map((weight) => {
      const name = weightName(placed.name, weight.name)
      const found = byName.get(name)
      if (!found)
        throw new InputError('weights-do-not-fit', `the weights file has no tensor called ${name}`)
      if (found.shape.join() !== weight.shape.join())
        throw new InputError(
          'weights-do-not-fit',
          `${name} is [${found.shape.join(', ')}] in the weights file but the network needs [${weight.shape.join(', ')}]`,
        )
      return found
    }),
  )
}
