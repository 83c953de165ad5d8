/** The nodes of one layer, in TensorFlow's operators; images have their channels last, as in the service. */
import type { Precision } from '../../../domain/model.ts'
import {
  type ImageLayer,
  type Layer,
  type PlacedLayer,
  type Shape,
  type WeightShape,
  weightName,
} from '../../../domain/network.ts'
import { withWidth } from '../../../domain/sequence-as-image.ts'
import type { Stream } from '../../protobuf/message.ts'
import { placedImage } from '../placed-image.ts'
import { precisionOf } from '../precision.ts'
import { activate } from './activations.ts'
import { attr, FLOAT, type TensorFlowGraph } from './graph.ts'

export interface Surroundings {
  readonly graph: TensorFlowGraph
  readonly precision: Precision
  /** A weight by its name in the service. */
  readonly weight: (name: string) => Stream
}

const FORMAT = { data_format: attr.text('NHWC') }
const windows = ({
  strides: [down, right],
  padding,
}: {
  readonly strides: readonly [number, number]
  readonly padding: 'valid' | 'same'
}) => ({
  ...FLOAT,
  ...FORMAT,
  strides: attr.integers([1, down, right, 1]),
  padding: attr.text(padding.toUpperCase()),
})

type Convolution = Extract<ImageLayer, { kernelSize: unknown }>

class LayerNodes {
  readonly #graph: TensorFlowGraph
  readonly #around: Surroundings
  readonly #placed: PlacedLayer

  constructor(around: Surroundings, placed: PlacedLayer) {
    this.#graph = around.graph
    this.#around = around
    this.#placed = placed
  }

  #weight(name: WeightShape['name']): string {
    const shape = this.#placed.weights.find((weight) => weight.name === name)?.shape ?? []
    const full = weightName(this.#placed.name, name)
    const { precision, weight } = this.#around
    return this.#graph.weight(full, shape, weight(full), precisionOf(name, precision))
  }

  #part(name: string): string {
    return `${this.#placed.name}/${name}`
  }

  /** Bias and activation of a product. */
  #finish(layer: Extract<Layer, { useBias: boolean }>, product: string): string {
    const linear = layer.useBias
      ? this.#graph.node(this.#part('biased'), 'BiasAdd', [product, this.#weight('bias')], {
          ...FLOAT,
          ...FORMAT,
        })
      : product
    return activate(this.#graph, this.#placed.name, layer.activation, linear)
  }

  dense(layer: Extract<Layer, { type: 'dense' }>, input: string): string {
    const product = this.#graph.node(this.#part('product'), 'MatMul', [
      input,
      this.#weight('kernel'),
    ])
    return this.#finish(layer, product)
  }

  convolution(layer: Convolution, input: string): string {
    const graph = this.#graph
    if (layer.type === 'conv2d') {
      const inputs = [input, this.#weight('kernel')]
      return this.#finish(
        layer,
        graph.node(this.#part('convolution'), 'Conv2D', inputs, windows(layer)),
      )
    }
    const channels = graph.node(
      this.#part('depthwise'),
      'DepthwiseConv2dNative',
      [input, this.#weight('depthwiseKernel')],
      windows(layer),
    )
    if (layer.type === 'depthwiseConv2d') return this.#finish(layer, channels)
    const mixed = graph.node(
      this.#part('pointwise'),
      'Conv2D',
      [channels, this.#weight('pointwiseKernel')],
      windows({ strides: [1, 1], padding: 'valid' }),
    )
    return this.#finish(layer, mixed)
  }

  pooling(
    layer: Extract<Layer, { type: 'maxPooling2d' | 'averagePooling2d' }>,
    input: string,
  ): string {
    const op = layer.type === 'maxPooling2d' ? 'MaxPool' : 'AvgPool'
    return this.#graph.node(this.#placed.name, op, [input], {
      ...windows(layer),
      ksize: attr.integers([1, ...layer.poolSize, 1]),
    })
  }

  /** @returns without the axes, unless they are kept with length 1 */
  #reduce(name: string, op: 'Mean' | 'Max', input: string, axes: number[], keep: boolean): string {
    const indices = this.#graph.integers(`${name}/axes`, axes)
    return this.#graph.node(name, op, [input, indices], {
      ...FLOAT,
      Tidx: attr.type('int32'),
      keep_dims: attr.flag(keep),
    })
  }

  globalPooling(op: 'Mean' | 'Max', input: string): string {
    return this.#reduce(this.#placed.name, op, input, [1, 2], false)
  }

  zeroPadding(
    { padding: [rows, columns] }: Extract<Layer, { type: 'zeroPadding2d' }>,
    input: string,
  ): string {
    const pads = this.#graph.integers(this.#part('pads'), [0, 0, ...rows, ...columns, 0, 0], [4, 2])
    return this.#graph.node(this.#placed.name, 'Pad', [input, pads], {
      ...FLOAT,
      Tpaddings: attr.type('int32'),
    })
  }

  upSampling(input: string): string {
    const [height = 1, width = 1] = this.#placed.outputShape
    const size = this.#graph.integers(this.#part('size'), [height, width])
    return this.#graph.node(this.#placed.name, 'ResizeNearestNeighbor', [input, size], {
      ...FLOAT,
      align_corners: attr.flag(false),
      half_pixel_centers: attr.flag(true),
    })
  }

  reshape(name: string, input: string, shape: Shape): string {
    const sides = this.#graph.integers(`${name}/sides`, [-1, ...shape])
    return this.#graph.node(name, 'Reshape', [input, sides], {
      ...FLOAT,
      Tshape: attr.type('int32'),
    })
  }

  embedding(tokens: string): string {
    const ids = this.#graph.node(this.#part('ids'), 'Cast', [tokens], {
      SrcT: attr.type('float32'),
      DstT: attr.type('int32'),
    })
    const axis = this.#graph.integers(this.#part('axis'), [0], [])
    const inputs = [this.#weight('embeddings'), ids, axis]
    return this.#graph.node(this.#placed.name, 'GatherV2', inputs, {
      Tparams: attr.type('float32'),
      Tindices: attr.type('int32'),
      Taxis: attr.type('int32'),
    })
  }

  rescaling({ scale, offset }: Extract<Layer, { type: 'rescaling' }>, input: string): string {
    const scaled = this.#graph.node(this.#part('scaled'), 'Mul', [
      input,
      this.#graph.floats(this.#part('scale'), [scale], []),
    ])
    const shift = this.#graph.floats(this.#part('offset'), [offset], [])
    return this.#graph.node(this.#placed.name, 'AddV2', [scaled, shift])
  }

  /** `γ x / √(variance + ε) + β` of centred inputs. */
  #scale(centred: string, variance: string, epsilon: number): string {
    const graph = this.#graph
    const shifted = graph.node(this.#part('shifted'), 'AddV2', [
      variance,
      graph.floats(this.#part('epsilon'), [epsilon], []),
    ])
    const inverse = graph.node(this.#part('inverse'), 'Rsqrt', [shifted])
    const scale = graph.node(this.#part('scale'), 'Mul', [inverse, this.#weight('gamma')])
    const scaled = graph.node(this.#part('scaled'), 'Mul', [centred, scale])
    return graph.node(this.#placed.name, 'AddV2', [scaled, this.#weight('beta')])
  }

  batchNormalization(epsilon: number, input: string): string {
    const mean = this.#weight('movingMean')
    const centred = this.#graph.node(this.#part('centred'), 'Sub', [input, mean])
    return this.#scale(centred, this.#weight('movingVariance'), epsilon)
  }

  layerNormalization(epsilon: number, input: string): string {
    const mean = this.#reduce(this.#part('mean'), 'Mean', input, [-1], true)
    const centred = this.#graph.node(this.#part('centred'), 'Sub', [input, mean])
    const square = this.#graph.node(this.#part('square'), 'Square', [centred])
    return this.#scale(
      centred,
      this.#reduce(this.#part('variance'), 'Mean', square, [-1], true),
      epsilon,
    )
  }

  concatenate(inputs: readonly string[]): string {
    const axis = this.#graph.integers(this.#part('axis'), [-1], [])
    return this.#graph.node(this.#placed.name, 'ConcatV2', [...inputs, axis], {
      ...FLOAT,
      N: attr.integer(inputs.length),
      Tidx: attr.type('int32'),
    })
  }
}

/**
 * @param inputShape of the first input
 * @returns the name of the node that gives what the layer gives; dropout gives what it reads
 */
export function layerNodes(
  around: Surroundings,
  placed: PlacedLayer,
  inputs: readonly [string, ...string[]],
  inputShape: Shape,
): string {
  const { graph } = around
  const { layer, name } = placed
  const nodes = new LayerNodes(around, placed)
  const [input] = inputs
  switch (layer.type) {
    case 'dense':
      return nodes.dense(layer, input)
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'separableConv2d':
      return nodes.convolution(layer, input)
    case 'maxPooling2d':
    case 'averagePooling2d':
      return nodes.pooling(layer, input)
    case 'globalAveragePooling2d':
      return nodes.globalPooling('Mean', input)
    case 'globalMaxPooling2d':
      return nodes.globalPooling('Max', input)
    case 'zeroPadding2d':
      return nodes.zeroPadding(layer, input)
    case 'upSampling2d':
      return nodes.upSampling(input)
    case 'conv1d':
    case 'depthwiseConv1d':
    case 'separableConv1d':
    case 'maxPooling1d':
    case 'averagePooling1d':
    case 'globalAveragePooling1d':
    case 'globalMaxPooling1d':
    case 'zeroPadding1d':
    case 'upSampling1d': {
      const image = placedImage(placed, layer)
      const wide = nodes.reshape(`${name}/image`, input, withWidth(inputShape))
      const output = layerNodes(around, image, [wide], withWidth(inputShape))
      return image.outputShape === placed.outputShape
        ? output
        : nodes.reshape(`${name}/sequence`, output, placed.outputShape)
    }
    case 'embedding':
      return nodes.embedding(input)
    case 'rescaling':
      return nodes.rescaling(layer, input)
    case 'reshape':
    case 'flatten':
      return nodes.reshape(name, input, placed.outputShape)
    case 'batchNormalization':
      return nodes.batchNormalization(layer.epsilon, input)
    case 'layerNormalization':
      return nodes.layerNormalization(layer.epsilon, input)
    case 'dropout':
      return input
    case 'add':
      return graph.node(name, 'AddN', inputs, { ...FLOAT, N: attr.integer(inputs.length) })
    case 'concatenate':
      return nodes.concatenate(inputs)
    case 'activation': {
      const slope = layer.activation === 'leakyRelu' ? [layer.negativeSlope] : []
      return activate(graph, name, layer.activation, input, ...slope)
    }
  }
}
