/**
 * The networks of factor transfer (Kim et al. 2018, arXiv:1802.04977, section 3): an encoder that puts features into factors,
 * and a decoder that gives the features back. Three layers each with a leaky ReLU in between; convolutions of width 3 on maps
 * and sequences, dense layers on vectors. Without the batch normalization of the paper, so that factors do not depend on
 * the other rows of a batch, and with a linear end, because features may be negative.
 */
import type { LayerSpec } from '../layers.ts'
import { type Network, type Shape, showShape } from '../network.ts'
import { placeNetwork } from '../place-network.ts'

const NEGATIVE_SLOPE = 0.1
const WINDOW = 3
/** Layers of an encoder, and of a decoder. */
const DEPTH = 3

/** Channels of a factor. @param rate of the teacher's channels */
export const factorChannels = (teacher: Shape, rate: number): number =>
  Math.max(1, Math.round(rate * (teacher.at(-1) ?? 1)))

function layer(shape: Shape, name: string, channels: number): LayerSpec {
  switch (shape.length) {
    case 1:
      return { type: 'dense', name, units: channels }
    case 2:
      return { type: 'conv1d', name, filters: channels, kernelSize: WINDOW, padding: 'same' }
    default:
      return { type: 'conv2d', name, filters: channels, kernelSize: WINDOW, padding: 'same' }
  }
}

const leaky = (name: string): LayerSpec => ({
  type: 'activation',
  name: `${name}-on`,
  activation: 'leakyRelu',
  negativeSlope: NEGATIVE_SLOPE,
})

/** The first layer keeps the channels, the second changes them. */
const encoderLayers = (shape: Shape, channels: number): LayerSpec[] =>
  Array.from({ length: DEPTH }, (_, at) => {
    const name = `encode-${at}`
    return [layer(shape, name, at === 0 ? (shape.at(-1) ?? 1) : channels), leaky(name)]
  }).flat()

const decoderLayers = (shape: Shape, channels: number): LayerSpec[] =>
  Array.from({ length: DEPTH }, (_, at) => {
    const name = `decode-${at}`
    const one = layer(shape, name, at === 0 ? channels : (shape.at(-1) ?? 1))
    return at === DEPTH - 1 ? [one] : [one, leaky(name)]
  }).flat()

function placed(shape: Shape, layers: readonly LayerSpec[]): Network {
  const placement = placeNetwork(shape, layers)
  if ('network' in placement) return placement.network
  throw new Error(`features ${showShape(shape)} cannot be encoded: ${placement.fault.message}`)
}

/** From features of one row to their factor: `[…, channels]`. */
export const encoder = (shape: Shape, channels: number): Network =>
  placed(shape, encoderLayers(shape, channels))

/** The encoder, then what gives the features back, as one vector. */
export const autoencoder = (shape: Shape, channels: number): Network =>
  placed(shape, [
    ...encoderLayers(shape, channels),
    ...decoderLayers(shape, channels),
    { type: 'flatten', name: 'again' },
  ])
