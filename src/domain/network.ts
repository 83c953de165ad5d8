/**
 * A network as it is built, stored and exported: every default filled in, every layer named, every shape known.
 * Made from a client's architecture by `inferNetwork`.
 */
import type { Activation } from './activation.ts'

export type Shape = readonly number[]
type Pair = readonly [number, number]
type Padding = 'valid' | 'same'

export type Layer =
  | {
      readonly type: 'dense'
      readonly units: number
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'conv2d'
      readonly filters: number
      readonly kernelSize: Pair
      readonly strides: Pair
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'depthwiseConv2d'
      readonly depthMultiplier: number
      readonly kernelSize: Pair
      readonly strides: Pair
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'separableConv2d'
      readonly filters: number
      readonly depthMultiplier: number
      readonly kernelSize: Pair
      readonly strides: Pair
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'maxPooling2d' | 'averagePooling2d'
      readonly poolSize: Pair
      readonly strides: Pair
      readonly padding: Padding
    }
  | { readonly type: 'globalAveragePooling2d' | 'globalMaxPooling2d' }
  | { readonly type: 'zeroPadding2d'; readonly padding: readonly [Pair, Pair] }
  | { readonly type: 'upSampling2d'; readonly size: Pair }
  | {
      readonly type: 'conv1d'
      readonly filters: number
      readonly kernelSize: number
      readonly strides: number
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'depthwiseConv1d'
      readonly depthMultiplier: number
      readonly kernelSize: number
      readonly strides: number
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'separableConv1d'
      readonly filters: number
      readonly depthMultiplier: number
      readonly kernelSize: number
      readonly strides: number
      readonly padding: Padding
      readonly activation: Activation
      readonly useBias: boolean
    }
  | {
      readonly type: 'maxPooling1d' | 'averagePooling1d'
      readonly poolSize: number
      readonly strides: number
      readonly padding: Padding
    }
  | { readonly type: 'globalAveragePooling1d' | 'globalMaxPooling1d' }
  /** Before and after. */
  | { readonly type: 'zeroPadding1d'; readonly padding: Pair }
  | { readonly type: 'upSampling1d'; readonly size: number }
  | { readonly type: 'embedding'; readonly inputDim: number; readonly outputDim: number }
  | { readonly type: 'reshape'; readonly targetShape: Shape }
  | { readonly type: 'rescaling'; readonly scale: number; readonly offset: number }
  | { readonly type: 'flatten' | 'add' | 'concatenate' }
  | { readonly type: 'batchNormalization'; readonly momentum: number; readonly epsilon: number }
  | { readonly type: 'layerNormalization'; readonly epsilon: number }
  | { readonly type: 'dropout'; readonly rate: number }
  | { readonly type: 'activation'; readonly activation: Exclude<Activation, 'leakyRelu'> }
  | {
      readonly type: 'activation'
      readonly activation: 'leakyRelu'
      readonly negativeSlope: number
    }

/** Layers on an image `[height, width, channels]`. */
export type ImageLayer = Extract<
  Layer,
  {
    readonly type:
      | 'conv2d'
      | 'depthwiseConv2d'
      | 'separableConv2d'
      | 'maxPooling2d'
      | 'averagePooling2d'
      | 'globalAveragePooling2d'
      | 'globalMaxPooling2d'
      | 'zeroPadding2d'
      | 'upSampling2d'
  }
>

/** Layers on a sequence `[length, channels]`. */
export type SequenceLayer = Extract<
  Layer,
  {
    readonly type:
      | 'conv1d'
      | 'depthwiseConv1d'
      | 'separableConv1d'
      | 'maxPooling1d'
      | 'averagePooling1d'
      | 'globalAveragePooling1d'
      | 'globalMaxPooling1d'
      | 'zeroPadding1d'
      | 'upSampling1d'
  }
>

/** A weight tensor of a layer; `trainable` is false for moving averages. */
export interface WeightShape {
  readonly name:
    | 'kernel'
    | 'depthwiseKernel'
    | 'pointwiseKernel'
    | 'embeddings'
    | 'bias'
    | 'gamma'
    | 'beta'
    | 'movingMean'
    | 'movingVariance'
  readonly shape: Shape
  readonly trainable: boolean
}

export interface PlacedLayer {
  readonly name: string
  readonly layer: Layer
  /**
   * Names of the layers it reads, all earlier, or `input`. Absent where the network was stored before there were branches:
   * `layerInputs` reads it.
   */
  readonly inputs?: readonly string[]
  /** Without the batch axis. */
  readonly outputShape: Shape
  readonly weights: readonly WeightShape[]
}

/** Layers in an order in which each comes after those it reads; the last gives the output. */
export interface Network {
  /** Of one row, without the batch axis. */
  readonly inputShape: Shape
  readonly layers: readonly PlacedLayer[]
}

/** The name under which layers read the rows themselves; no layer may be called so. */
export const INPUT = 'input'

/** What a layer reads: names of earlier layers, or `input`. The last layer of that name before it is meant. */
export const layerInputs = (network: Network, position: number): readonly string[] =>
  network.layers[position]?.inputs ?? [network.layers[position - 1]?.name ?? INPUT]

/** Whether every layer reads the one before it and nothing else. */
export const isChain = (network: Network): boolean =>
  network.layers.every((_, position) => {
    const [only, ...more] = layerInputs(network, position)
    return more.length === 0 && only === (network.layers[position - 1]?.name ?? INPUT)
  })

export const elements = (shape: Shape): number => shape.reduce((product, side) => product * side, 1)

const countWeights = (network: Network, counts: (weight: WeightShape) => boolean): number =>
  network.layers
    .flatMap((placed) => placed.weights)
    .filter(counts)
    .reduce((sum, weight) => sum + elements(weight.shape), 0)

/** Number of trainable weights. */
export const parameterCount = (network: Network): number =>
  countWeights(network, (weight) => weight.trainable)

/** Bytes of all weights in float32, moving averages included. */
export const weightBytes = (network: Network): number => 4 * countWeights(network, () => true)

/** The name a weight has in every file and API: `layer.weight`. */
export const weightName = (layer: string, weight: WeightShape['name']): string =>
  `${layer}.${weight}`

export const outputShape = (network: Network): Shape =>
  network.layers.at(-1)?.outputShape ?? network.inputShape

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((side, axis) => side === b[axis])

/** As messages and reports write it. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`
