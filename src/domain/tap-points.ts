/** Where outputs of a network can be read, by name. */
import type { Activation } from './activation.ts'
import {
  elements,
  INPUT,
  layerInputs,
  type Network,
  type PlacedLayer,
  type Shape,
} from './network.ts'

/** After the name of a layer: what it gives before its own activation. */
const BEFORE_ACTIVATION = ':before-activation'

export const beforeActivation = (layer: string): string => `${layer}${BEFORE_ACTIVATION}`

/** Of layers that multiply by a kernel: what they apply at the end. */
export const ownActivation = ({ layer }: PlacedLayer): Activation =>
  'activation' in layer && layer.type !== 'activation' ? layer.activation : 'linear'

export interface TapPoint {
  readonly name: string
  /** Of one row. */
  readonly shape: Shape
  /** Whether an activation comes right after it. */
  readonly isResponse: boolean
  /** Whether the logits are a dense layer of its mean over positions: then each position has logits of its own. */
  readonly isAveraged: boolean
}

const isRead = (network: Network, name: string, by: PlacedLayer['layer']['type']): boolean =>
  network.layers.some(
    ({ layer }, position) => layer.type === by && layerInputs(network, position).includes(name),
  )

/** Every point in the order of the layers, the logits last. */
export function tapPoints(network: Network): TapPoint[] {
  const averaged = averagedMap(network)
  return network.layers.flatMap((placed) => {
    const { name, outputShape: shape } = placed
    const isResponse = isRead(network, name, 'activation')
    const point = { name, shape, isResponse, isAveraged: name === averaged }
    return ownActivation(placed) === 'linear'
      ? [point]
      : [{ name: beforeActivation(name), shape, isResponse: true, isAveraged: false }, point]
  })
}

/** What the last layer with weights reads, dropout aside: the features that a class is told by. Null: the rows themselves. */
export function lastFeatures(network: Network): string | null {
  const head = network.layers.findLastIndex(({ weights }) => weights.length > 0)
  let position = head
  for (;;) {
    const [name] = layerInputs(network, position)
    if (name === undefined || name === INPUT) return null
    position = network.layers.findLastIndex((placed, at) => at < position && placed.name === name)
    const found = network.layers[position]
    if (!found) return null
    if (found.layer.type !== 'dropout') return name
  }
}

/** What is averaged over its positions and then read by the dense layer of the logits; null: the network ends otherwise. */
function averagedMap(network: Network): string | null {
  const head = network.layers.at(-1)
  if (head?.layer.type !== 'dense' || head.layer.activation !== 'linear') return null
  const mean = lastFeatures(network)
  const position = network.layers.findLastIndex(({ name }) => name === mean)
  if (network.layers[position]?.layer.type !== 'globalAveragePooling2d') return null
  return layerInputs(network, position)[0] ?? null
}

/** Positions of a map; 1 for a vector. */
export const positionsOf = (shape: Shape): number => elements(shape.slice(0, -1))

/** Fewer positions than this, and a map says nothing about places. */
export const FEWEST_POSITIONS = 2

/** Whether it is the output of a layer on images that still has places. */
export const hasPlaces = ({ shape }: Pick<TapPoint, 'shape'>): boolean =>
  shape.length === 3 && positionsOf(shape) >= FEWEST_POSITIONS

/** Every feature map, in the order of the layers. */
export const mapPoints = (network: Network): TapPoint[] => tapPoints(network).filter(hasPlaces)

/** The last feature map of each size, in the order of the layers: where stages end. Padding makes no stage. */
export function stageEnds(network: Network): TapPoint[] {
  const padding = network.layers.filter(({ layer }) => layer.type === 'zeroPadding2d')
  const maps = mapPoints(network).filter(({ name }) => !padding.some((one) => one.name === name))
  return maps.filter(({ shape: [height, width] }, at) => {
    const next = maps[at + 1]?.shape
    return next?.[0] !== height || next?.[1] !== width
  })
}

/** The network that ends at a point, which is then what it gives. */
export function networkUpTo(network: Network, tap: string): Network {
  const position = network.layers.findLastIndex(
    ({ name }) => name === tap || beforeActivation(name) === tap,
  )
  const last = network.layers[position]
  if (!last) throw new Error(`the network has no point called ${tap}`)
  const layers = network.layers.slice(0, position + 1)
  if (last.name === tap) return { ...network, layers }
  const linear = { ...last, layer: { ...last.layer, activation: 'linear' } } as PlacedLayer
  return { ...network, layers: [...layers.slice(0, -1), linear] }
}
