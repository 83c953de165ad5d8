/**
 * In which order PyTorch counts the features of a vector. Flattening an image puts channels first there and last here, so
 * whatever reads such a vector has its weights in another order, until a dense layer makes features of its own.
 */
import { elements, INPUT, layerInputs, type Network, type Shape } from '../../domain/network.ts'
import { ModelError } from '../model-error.ts'

/** Consecutive features that were an image; a plain vector is one of 1x1 pixels. */
interface Block {
  readonly height: number
  readonly width: number
  readonly channels: number
}
export type FeatureOrder = readonly Block[]

const plain = (features: number): FeatureOrder => [{ height: 1, width: 1, channels: features }]

const blockOf = (shape: Shape): FeatureOrder => {
  const [height = 1, width = 1, channels = 1] = shape
  return shape.length === 3 ? [{ height, width, channels }] : plain(elements(shape))
}

const sizeOf = ({ height, width, channels }: Block): number => height * width * channels

/** Whether both frameworks count alike. */
const isSame = (order: FeatureOrder): boolean =>
  order.every(({ height, width, channels }) => height * width === 1 || channels === 1)

/** Place in PyTorch of a feature by its place here; null where both count alike. */
export function placeThere(order: FeatureOrder): ((feature: number) => number) | null {
  if (isSame(order)) return null
  return (feature) => {
    let start = 0
    for (const block of order) {
      const size = sizeOf(block)
      const at = feature - start
      if (at < size) {
        const { height, width, channels } = block
        return start + (at % channels) * height * width + Math.floor(at / channels)
      }
      start += size
    }
    throw new RangeError(`there are ${start} features, none with number ${feature}`)
  }
}

const unknownOrder = (layer: string, what: string): ModelError =>
  new ModelError(
    'layout-not-convertible',
    `layer ${layer} ${what}, which PyTorch may count in another order: send the weights as channels-last`,
  )

const equal = (one: FeatureOrder, other: FeatureOrder): boolean =>
  (isSame(one) && isSame(other)) || JSON.stringify(one) === JSON.stringify(other)

/**
 * The order of the last axis of what each layer reads; of an image that is its channels, which are counted alike.
 * @returns by position of the layer
 * @throws ModelError where vectors of different orders are added, or the logits would not be in order
 */
export function featureOrders(network: Network): FeatureOrder[] {
  const given = new Map<string, FeatureOrder>([[INPUT, plain(network.inputShape.at(-1) ?? 1)]])
  const shapes = new Map<string, Shape>([[INPUT, network.inputShape]])
  const read: FeatureOrder[] = []
  for (const [position, { name, layer, outputShape }] of network.layers.entries()) {
    const inputs = layerInputs(network, position)
    const orders = inputs.map((input) => given.get(input) ?? plain(1))
    const [first = plain(1)] = orders
    read.push(first)
    const gives = (): FeatureOrder => {
      switch (layer.type) {
        case 'flatten': {
          const shape = shapes.get(inputs[0] ?? INPUT) ?? []
          if (shape.length === 2) throw unknownOrder(name, 'flattens a sequence')
          return shape.length === 3 ? blockOf(shape) : first
        }
        case 'batchNormalization':
        case 'layerNormalization':
        case 'dropout':
        case 'activation':
        case 'rescaling':
          return first
        case 'reshape':
          throw unknownOrder(name, 'gives numbers another shape')
        case 'add':
          if (!orders.every((order) => equal(order, first)))
            throw new ModelError(
              'layout-not-convertible',
              `layer ${name} adds a flattened image to other features: PyTorch counts both in different orders`,
            )
          return first
        case 'concatenate':
          return outputShape.length === 1 ? orders.flat() : plain(outputShape.at(-1) ?? 1)
        case 'dense':
        case 'conv2d':
        case 'depthwiseConv2d':
        case 'separableConv2d':
        case 'maxPooling2d':
        case 'averagePooling2d':
        case 'globalAveragePooling2d':
        case 'globalMaxPooling2d':
        case 'zeroPadding2d':
        case 'upSampling2d':
        case 'conv1d':
        case 'depthwiseConv1d':
        case 'separableConv1d':
        case 'maxPooling1d':
        case 'averagePooling1d':
        case 'globalAveragePooling1d':
        case 'globalMaxPooling1d':
        case 'zeroPadding1d':
        case 'upSampling1d':
        case 'embedding':
          return plain(outputShape.at(-1) ?? 1)
      }
    }
    given.set(name, gives())
    shapes.set(name, outputShape)
  }
  const last = given.get(network.layers.at(-1)?.name ?? INPUT)
  if (last && !isSame(last))
    throw new ModelError(
      'layout-not-convertible',
      'the network ends in a flattened image, whose logits PyTorch counts in another order: end it with a dense layer',
    )
  return read
}
