/** What a weights file must hold for a network, as PyTorch stores it or as Keras and this service do. */
import {
  elements,
  type Layer,
  type Network,
  type PlacedLayer,
  type Shape,
  type WeightShape,
  weightName,
} from '../../domain/network.ts'
import { featureOrders, placesHere } from './feature-order.ts'

export const WEIGHT_LAYOUTS = ['channels-last', 'pytorch'] as const
/**
 * channels-last: kernels as TensorFlow and this service have them. pytorch: convolution kernels `[out, in, height, width]`,
 * dense kernels `[out, in]`, flattened images with channels first.
 */
export type WeightLayout = (typeof WEIGHT_LAYOUTS)[number]

/** A tensor of the network and where its numbers come from. */
export interface WantedTensor {
  /** Last parts of the name that the tensor may have in the file. */
  readonly roles: readonly string[]
  /** In the file. */
  readonly fileShape: Shape
  /** `layer.weight`. */
  readonly target: string
  readonly shape: Shape
  /** Place here of each number of the file; null: the same. */
  readonly placeOf: ((index: number) => number) | null
  /** Stands in for every number where the file leaves the tensor out; null: it must be there. */
  readonly constant: number | null
}

/** Tensors that share a module in the file, for example weight and bias. */
export interface WantedModule {
  /** Name of the layer here. */
  readonly layer: string
  readonly tensors: readonly WantedTensor[]
}

type WeightKind = WeightShape['name']

const KERAS_ROLES: Readonly<Record<WeightKind, readonly string[]>> = {
  kernel: ['kernel'],
  depthwiseKernel: ['depthwiseKernel', 'depthwise_kernel'],
  pointwiseKernel: ['pointwiseKernel', 'pointwise_kernel'],
  embeddings: ['embeddings'],
  bias: ['bias'],
  gamma: ['gamma'],
  beta: ['beta'],
  movingMean: ['movingMean', 'moving_mean'],
  movingVariance: ['movingVariance', 'moving_variance'],
}

const PYTORCH_ROLES: Readonly<Record<WeightKind, readonly string[]>> = {
  kernel: ['weight'],
  depthwiseKernel: ['weight'],
  pointwiseKernel: ['weight'],
  embeddings: ['weight'],
  bias: ['bias'],
  gamma: ['weight'],
  beta: ['bias'],
  movingMean: ['running_mean'],
  movingVariance: ['running_var'],
}

/** What a scale or an offset that was left out is. */
const NEUTRAL: ReadonlyMap<WeightKind, number> = new Map([
  ['gamma', 1],
  ['beta', 0],
])

function kerasModule({ name, layer, weights }: PlacedLayer): WantedModule {
  // Keras calls the kernel of a depthwise convolution either way.
  const rolesOf = (kind: WeightKind) =>
    kind === 'depthwiseKernel' && layer.type === 'depthwiseConv2d'
      ? [...KERAS_ROLES[kind], 'kernel']
      : KERAS_ROLES[kind]
  return {
    layer: name,
    tensors: weights.map((weight) => ({
      roles: rolesOf(weight.name),
      fileShape: weight.shape,
      target: weightName(name, weight.name),
      shape: weight.shape,
      placeOf: null,
      constant: NEUTRAL.get(weight.name) ?? null,
    })),
  }
}

/** `[out, in / groups, height, width]` to `[height, width, in, out]`; a depthwise kernel has one input a group. */
function convolutionPlace(fileShape: Shape): (index: number) => number {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = fileShape
  const pixels = height * width
  return (index) => {
    const pixel = index % pixels
    const rest = Math.floor(index / pixels)
    const input = rest % inputs
    const output = Math.floor(rest / inputs)
    return (pixel * inputs + input) * outputs + output
  }
}

/** `[out, in]` to `[in, out]`, with the inputs in the order they have here. */
function densePlace([inputs = 1, outputs = 1]: Shape, places: Uint32Array | null) {
  return (index: number): number => {
    const input = index % inputs
    return (places?.[input] ?? input) * outputs + Math.floor(index / inputs)
  }
}

function pytorchKernel(
  weight: WeightShape,
  layer: Layer,
  places: Uint32Array | null,
): Pick<WantedTensor, 'fileShape' | 'placeOf'> {
  const { name, shape } = weight
  if (name === 'depthwiseKernel') {
    const [height = 1, width = 1, channels = 1, multiplier = 1] = shape
    const fileShape = [channels * multiplier, 1, height, width]
    return { fileShape, placeOf: convolutionPlace(fileShape) }
  }
  if (layer.type === 'dense')
    return { fileShape: shape.toReversed(), placeOf: densePlace(shape, places) }
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape
  const fileShape = [outputs, inputs, height, width]
  return { fileShape, placeOf: convolutionPlace(fileShape) }
}

function pytorchTensor(
  layer: PlacedLayer,
  weight: WeightShape,
  places: Uint32Array | null,
): WantedTensor {
  const common = {
    roles: PYTORCH_ROLES[weight.name],
    target: weightName(layer.name, weight.name),
    shape: weight.shape,
    constant: NEUTRAL.get(weight.name) ?? null,
  }
  switch (weight.name) {
    case 'kernel':
    case 'depthwiseKernel':
    case 'pointwiseKernel':
      return { ...common, ...pytorchKernel(weight, layer.layer, places) }
    case 'embeddings':
    case 'bias':
      return { ...common, fileShape: weight.shape, placeOf: null }
    case 'gamma':
    case 'beta':
    case 'movingMean':
    case 'movingVariance':
      return {
        ...common,
        fileShape: weight.shape,
        placeOf: places && ((index) => places[index] ?? index),
      }
  }
}

/** A separable convolution is two modules there: one a channel, then 1x1. */
function pytorchModules(layer: PlacedLayer, places: Uint32Array | null): WantedModule[] {
  const tensors = layer.weights.map((weight) => pytorchTensor(layer, weight, places))
  const parts =
    layer.layer.type === 'separableConv2d' ? [tensors.slice(0, 1), tensors.slice(1)] : [tensors]
  return parts.map((part) => ({ layer: layer.name, tensors: part }))
}

/**
 * In the order of the layers.
 * @throws ModelError where a layout cannot be converted
 */
export function wantedModules(network: Network, layout: WeightLayout): WantedModule[] {
  const withWeights = [...network.layers.entries()].filter(([, { weights }]) => weights.length > 0)
  switch (layout) {
    case 'channels-last':
      return withWeights.map(([, layer]) => kerasModule(layer))
    case 'pytorch': {
      const orders = featureOrders(network)
      return withWeights.flatMap(([position, layer]) =>
        pytorchModules(layer, placesHere(orders[position] ?? [])),
      )
    }
  }
}

/** Bytes of the numbers in float32. */
export const tensorBytes = ({ shape }: Pick<WantedTensor, 'shape'>): number => 4 * elements(shape)

/** About layers whose `epsilon` is Keras' default and not PyTorch's. */
export const epsilonNotes = (network: Network): string[] =>
  network.layers.flatMap(({ name, layer }) =>
    'epsilon' in layer && layer.epsilon === 0.001
      ? [
          `${name} has epsilon 0.001; PyTorch's default is 1e-5: write "epsilon": 1e-5 into the layer unless the teacher was made with another`,
        ]
      : [],
  )
