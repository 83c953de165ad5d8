/**
 * The layers-model format of TensorFlow.js: `model.json` and `weights.bin`, in one zip. Input normalization becomes a
 * BatchNormalization layer in front, so that the model takes raw inputs as the network of the service does.
 */
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Normalization } from '../../domain/model.ts'
import { elements, type Network, type Shape, weightName } from '../../domain/network.ts'
import { freeName, KERAS_WEIGHT_NAMES, type KerasLayer, kerasWeightShape } from './keras-layers.ts'
import { kerasTopology } from './keras-topology.ts'

/** Little-endian float32 numbers, in pieces. */
export type Numbers = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The numbers of a weight by its name in the service, `layer.weight`; asked for once, when they are written. */
export type WeightNumbers = (name: string) => Numbers

interface StoredTensor {
  readonly name: string
  readonly shape: Shape
  numbers(): Numbers
}

/**
 * TensorFlow's fused batch normalization silently raises a smaller epsilon to this (cuDNN's minimum), so this much is
 * taken off the variance, which the layer adds again.
 */
const MIN_EPSILON = 1.001e-5

const float32 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer)

function normalizationLayer(
  name: string,
  { mean, standardDeviation }: Normalization,
): { layer: KerasLayer; tensors: StoredTensor[] } {
  const variances = standardDeviation.map((sd) => sd * sd)
  // Subtracting must not cancel; features of such a small spread keep an exact epsilon of 0.
  const epsilon = Math.min(...variances) > 2 * MIN_EPSILON ? MIN_EPSILON : 0
  const shape = [mean.length]
  const config = {
    name,
    axis: -1,
    momentum: 0.99,
    epsilon,
    center: false,
    scale: false,
  }
  return {
    layer: { class_name: 'BatchNormalization', config },
    tensors: [
      { name: `${name}/moving_mean`, shape, numbers: () => [float32(mean)] },
      {
        name: `${name}/moving_variance`,
        shape,
        numbers: () => [float32(variances.map((variance) => variance - epsilon))],
      },
    ],
  }
}

/** Weights under Keras' names, `layer/moving_mean` for `layer.movingMean`. */
const kerasTensors = (network: Network, numbers: WeightNumbers): StoredTensor[] =>
  network.layers.flatMap((placed) =>
    placed.weights.map(({ name, shape }) => ({
      name: `${placed.name}/${KERAS_WEIGHT_NAMES[name]}`,
      shape: kerasWeightShape(placed.layer, shape),
      numbers: () => numbers(weightName(placed.name, name)),
    })),
  )

export interface LayersModel {
  /** Content of `model.json`. */
  readonly model: Readonly<Record<string, unknown>>
  /** In the order of `weights.bin`. */
  readonly tensors: readonly StoredTensor[]
}

/** @param userDefined JSON that loaders hand on untouched */
export function layersModel(
  network: Network,
  numbers: WeightNumbers,
  normalization: Normalization | null,
  userDefined: Readonly<Record<string, unknown>>,
): LayersModel {
  const taken = new Set(network.layers.map(({ name }) => name))
  const leading =
    normalization && normalizationLayer(freeName('normalization', taken), normalization)
  const tensors = [...(leading?.tensors ?? []), ...kerasTensors(network, numbers)]
  const manifest = tensors.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  const model = {
    format: 'layers-model',
    generatedBy: 'distillery',
    convertedBy: null,
    modelTopology: kerasTopology(network, leading ? [leading.layer] : []),
    weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    userDefinedMetadata: userDefined,
  }
  return { model, tensors }
}

async function* numbersOf(tensors: readonly StoredTensor[]): AsyncGenerator<Uint8Array> {
  for (const { numbers } of tensors) yield* numbers()
}

/** Zips a model, stored and not compressed. Equal input gives equal bytes: no clock, no file modes of this machine. */
export function zipLayersModel({ model, tensors }: LayersModel): Readable {
  // The zip format holds local time: made from local fields, it is the same number in every time zone. Not 1980, its
  // first year: yazl clamps to a limit that is in local time as well.
  const mtime = new Date(1981, 0, 1, 0, 0, 0)
  const options = { mtime, mode: 0o100644, compress: false, forceDosTimestamp: true }
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from(JSON.stringify(model)), 'model.json', options)
  const size = tensors.reduce((sum, { shape }) => sum + 4 * elements(shape), 0)
  zip.addReadStream(Readable.from(numbersOf(tensors)), 'weights.bin', { ...options, size })
  zip.end()
  return Readable.from(zip.outputStream)
}
