/** The nodes of one layer. Windows run on images with channels first; what lies in between keeps the order it gets. */
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
import { DATA_TYPES } from '../../onnx/messages.ts'
import type { Stream } from '../../protobuf/message.ts'
import { type KernelSides, outputFirst } from '../output-first.ts'
import { placedImage } from '../placed-image.ts'
import { precisionOf } from '../precision.ts'
import { windowPads } from '../same-padding.ts'
import { activate } from './activations.ts'
import type { OnnxGraph } from './graph.ts'
import type { Images, Value } from './images.ts'

export interface Surroundings {
  readonly graph: OnnxGraph
  readonly images: Images
  readonly precision: Precision
  /** A weight by its name in the service. */
  readonly weight: (name: string) => Stream
}

type Convolution = Extract<ImageLayer, { kernelSize: unknown }>

class LayerNodes {
  readonly #around: Surroundings
  readonly #placed: PlacedLayer

  constructor(around: Surroundings, placed: PlacedLayer) {
    this.#around = around
    this.#placed = placed
  }

  #weight(name: WeightShape['name'], dims: Shape, turn = (numbers: Stream) => numbers): string {
    const full = weightName(this.#placed.name, name)
    const { graph, precision, weight } = this.#around
    return graph.weight(full, dims, turn(weight(full)), precisionOf(name, precision))
  }

  #shape(name: WeightShape['name']): Shape {
    return this.#placed.weights.find((weight) => weight.name === name)?.shape ?? []
  }

  /** One number for each channel. */
  #vector(name: WeightShape['name']): string {
    return this.#weight(name, this.#shape(name))
  }

  #kernel(
    name: 'kernel' | 'depthwiseKernel' | 'pointwiseKernel',
    [height = 1, width = 1, inputs = 1, outputs = 1]: Shape,
  ): string {
    const sides: KernelSides = { pixels: height * width, inputs, outputs }
    return this.#weight(name, [outputs, inputs, height, width], (numbers) =>
      outputFirst(numbers, sides),
    )
  }

  dense(layer: Extract<Layer, { type: 'dense' }>, input: string): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const kernel = this.#weight('kernel', this.#shape('kernel'))
    const linear = layer.activation === 'linear' ? name : `${name}/linear`
    const product = layer.useBias
      ? graph.node(linear, 'Gemm', [input, kernel, this.#vector('bias')])
      : graph.node(linear, 'MatMul', [input, kernel])
    return activate(graph, name, layer.activation, product)
  }

  #depthwise(): { kernel: string; group: number } {
    const [height = 1, width = 1, group = 1, multiplier = 1] = this.#shape('depthwiseKernel')
    // Both count the outputs of one channel before those of the next.
    const shape = [height, width, 1, group * multiplier]
    return { kernel: this.#kernel('depthwiseKernel', shape), group }
  }

  convolution(layer: Convolution, input: Value): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const windows = {
      kernel_shape: layer.kernelSize,
      strides: layer.strides,
      pads: windowPads(input.shape, { ...layer, size: layer.kernelSize }),
    }
    const bias = layer.useBias ? [this.#vector('bias')] : []
    const linear = layer.activation === 'linear' ? name : `${name}/linear`
    let result: string
    if (layer.type === 'conv2d') {
      const kernel = this.#kernel('kernel', this.#shape('kernel'))
      result = graph.node(linear, 'Conv', [input.name, kernel, ...bias], windows)
    } else {
      const { kernel, group } = this.#depthwise()
      const options = { ...windows, group }
      if (layer.type === 'depthwiseConv2d')
        result = graph.node(linear, 'Conv', [input.name, kernel, ...bias], options)
      else {
        const channels = graph.node(`${name}/depthwise`, 'Conv', [input.name, kernel], options)
        const pointwise = this.#kernel('pointwiseKernel', this.#shape('pointwiseKernel'))
        result = graph.node(linear, 'Conv', [channels, pointwise, ...bias], {
          kernel_shape: [1, 1],
        })
      }
    }
    return activate(graph, name, layer.activation, result)
  }

  pooling(
    layer: Extract<Layer, { type: 'maxPooling2d' | 'averagePooling2d' }>,
    input: Value,
  ): string {
    const windows = {
      kernel_shape: layer.poolSize,
      strides: layer.strides,
      pads: windowPads(input.shape, { ...layer, size: layer.poolSize }),
    }
    const op = layer.type === 'maxPooling2d' ? 'MaxPool' : 'AveragePool'
    // An average leaves pixels outside the image out of its count: the default of count_include_pad.
    return this.#around.graph.node(this.#placed.name, op, [input.name], windows)
  }

  globalPooling(type: 'globalAveragePooling2d' | 'globalMaxPooling2d', input: Value): string {
    const { graph } = this.#around
    const op = type === 'globalMaxPooling2d' ? 'GlobalMaxPool' : 'GlobalAveragePool'
    const pixel = graph.node(`${this.#placed.name}/pixel`, op, [input.name])
    return graph.node(this.#placed.name, 'Flatten', [pixel], { axis: 1 })
  }

  zeroPadding(
    { padding: [[top, bottom], [left, right]] }: Extract<Layer, { type: 'zeroPadding2d' }>,
    input: Value,
  ): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const pads = graph.integers(`${name}/pads`, [0, 0, top, left, 0, 0, bottom, right])
    return graph.node(name, 'Pad', [input.name, pads], { mode: 'constant' })
  }

  upSampling({ size }: Extract<Layer, { type: 'upSampling2d' }>, input: Value): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const scales = graph.floats(`${name}/scales`, [1, 1, ...size])
    return graph.node(name, 'Resize', [input.name, '', scales], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    })
  }

  /** The operator has its channels in the second place, which are the features of a vector. */
  batchNormalization(epsilon: number, input: Value): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const [gamma, beta, mean, variance] = (
      ['gamma', 'beta', 'movingMean', 'movingVariance'] as const
    ).map((weight) => this.#vector(weight)) as [string, string, string, string]
    if (input.shape.length !== 2)
      return graph.node(name, 'BatchNormalization', [input.name, gamma, beta, mean, variance], {
        epsilon: { float: epsilon },
      })
    const centred = graph.node(`${name}/centred`, 'Sub', [input.name, mean])
    const shifted = graph.node(`${name}/shifted`, 'Add', [
      variance,
      graph.floats(`${name}/epsilon`, [epsilon], []),
    ])
    const deviation = graph.node(`${name}/deviation`, 'Sqrt', [shifted])
    const scale = graph.node(`${name}/scale`, 'Div', [gamma, deviation])
    return graph.node(name, 'Add', [graph.node(`${name}/scaled`, 'Mul', [centred, scale]), beta])
  }

  embedding(tokens: string): string {
    const { graph } = this.#around
    const { name } = this.#placed
    const ids = graph.node(`${name}/ids`, 'Cast', [tokens], { to: DATA_TYPES.int64 })
    const table = this.#weight('embeddings', this.#shape('embeddings'))
    return graph.node(name, 'Gather', [table, ids])
  }

  layerNormalization(epsilon: number, input: Value): string {
    const inputs = [input.name, this.#vector('gamma'), this.#vector('beta')]
    return this.#around.graph.node(this.#placed.name, 'LayerNormalization', inputs, {
      axis: -1,
      epsilon: { float: epsilon },
    })
  }
}

/** @returns what the layer gives; a layer that does nothing outside training gives what it reads */
export function layerNodes(
  around: Surroundings,
  placed: PlacedLayer,
  inputs: readonly [Value, ...Value[]],
): Value {
  const { graph, images } = around
  const { layer, name, outputShape } = placed
  const nodes = new LayerNodes(around, placed)
  const [input] = inputs
  const like = ({ channels }: Value, output: string): Value => ({
    name: output,
    shape: outputShape,
    channels,
  })
  const vector = (output: string): Value => ({ name: output, shape: outputShape, channels: 'last' })
  const reshaped = (part: string, value: Value, shape: Shape): Value => {
    const sides = graph.integers(`${name}/${part}/sides`, [0, ...shape])
    const from = images.channelsLast(value).name
    return {
      name: graph.node(`${name}/${part}`, 'Reshape', [from, sides]),
      shape,
      channels: 'last',
    }
  }
  switch (layer.type) {
    case 'dense':
      return vector(nodes.dense(layer, input.name))
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'separableConv2d': {
      const image = images.channelsFirst(input)
      return like(image, nodes.convolution(layer, image))
    }
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const image = images.channelsFirst(input)
      return like(image, nodes.pooling(layer, image))
    }
    case 'globalAveragePooling2d':
    case 'globalMaxPooling2d':
      return vector(nodes.globalPooling(layer.type, images.channelsFirst(input)))
    case 'zeroPadding2d': {
      const image = images.channelsFirst(input)
      return like(image, nodes.zeroPadding(layer, image))
    }
    case 'upSampling2d': {
      const image = images.channelsFirst(input)
      return like(image, nodes.upSampling(layer, image))
    }
    case 'conv1d':
    case 'depthwiseConv1d':
    case 'separableConv1d':
    case 'maxPooling1d':
    case 'averagePooling1d':
    case 'globalAveragePooling1d':
    case 'globalMaxPooling1d':
    case 'zeroPadding1d':
    case 'upSampling1d': {
      const wide = reshaped('image', input, withWidth(input.shape))
      const image = layerNodes(around, placedImage(placed, layer), [wide])
      return image.shape.length === 1 ? image : reshaped('sequence', image, outputShape)
    }
    case 'embedding':
      return vector(nodes.embedding(input.name))
    case 'reshape':
      return reshaped('shape', input, outputShape)
    case 'rescaling': {
      const scale = graph.floats(`${name}/scale`, [layer.scale], [])
      const offset = graph.floats(`${name}/offset`, [layer.offset], [])
      const scaled = graph.node(`${name}/scaled`, 'Mul', [input.name, scale])
      return like(input, graph.node(name, 'Add', [scaled, offset]))
    }
    case 'flatten':
      return vector(graph.node(name, 'Flatten', [images.channelsLast(input).name], { axis: 1 }))
    case 'batchNormalization': {
      const image = images.channelsFirst(input)
      return like(image, nodes.batchNormalization(layer.epsilon, image))
    }
    case 'layerNormalization': {
      const last = images.channelsLast(input)
      return like(last, nodes.layerNormalization(layer.epsilon, last))
    }
    case 'dropout':
      return input
    case 'add':
    case 'concatenate': {
      const together = inputs.map((value) => images.channelsFirst(value))
      const names = together.map((value) => value.name)
      const first = together[0] ?? input
      return like(
        first,
        layer.type === 'add'
          ? graph.node(name, 'Sum', names)
          : graph.node(name, 'Concat', names, { axis: first.channels === 'first' ? 1 : -1 }),
      )
    }
    case 'activation': {
      const slope = layer.activation === 'leakyRelu' ? [layer.negativeSlope] : []
      return like(input, activate(graph, name, layer.activation, input.name, ...slope))
    }
  }
}
