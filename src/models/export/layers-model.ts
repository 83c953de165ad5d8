/**
 * The layers-model format of TensorFlow.js: `model.json` and `weights.bin`, in one zip. Input normalization becomes a
 * BatchNormalization layer in front, so that the model takes raw inputs as the network of the service does.
 */
import type { Readable } from 'node:stream'
import type { Normalization, Precision } from '../../domain/model.ts'
import { elements, type Network, type Shape, weightName } from '../../domain/network.ts'
import { freeName, KERAS_WEIGHT_NAMES, type KerasLayer, kerasWeightShape } from './keras-layers.ts'
import { kerasTopology } from './keras-topology.ts'
import { halves, precisionOf } from './precision.ts'
import { storedZip } from './stored-zip.ts'

/** Little-endian float32 numbers, in pieces. */
export type Numbers = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** The numbers of a weight by its name in the service, `layer.weight`; asked for once, when they are written. */
export type WeightNumbers = (name: string) => Numbers

interface StoredTensor {
  readonly name: string
  readonly shape: Shape
  readonly precision: Precision
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
      {
        name: `${name}/moving_mean`,
        shape,
        precision: 'float32',
        numbers: () => [float32(mean)],
      },
      {
        name: `${name}/moving_variance`,
        shape,
        precision: 'float32',
        numbers: () => [float32(variances.map((variance) => variance - epsilon))],
      },
    ],
  }
}

/** Weights under Keras' names, `layer/moving_mean` for `layer.movingMean`. */
const kerasTensors = (
  network: Network,
  numbers: WeightNumbers,
  wanted: Precision,
): StoredTensor[] =>
  network.layers.flatMap((placed) =>
    placed.weights.map(({ name, shape }) => {
      const from = weightName(placed.name, name)
      const precision = precisionOf(name, wanted)
      return {
        name: `${placed.name}/${KERAS_WEIGHT_NAMES[name]}`,
        shape: kerasWeightShape(placed.layer, shape),
        precision,
        numbers: () => (precision === 'float16' ? halves(from, numbers(from)) : numbers(from)),
      }
    }),
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
  precision: Precision = 'float32',
): LayersModel {
  const taken = new Set(network.layers.map(({ name }) => name))
  const leading =
    normalization && normalizationLayer(freeName('normalization', taken), normalization)
  const tensors = [...(leading?.tensors ?? []), ...kerasTensors(network, numbers, precision)]
  const manifest = tensors.map(({ name, shape, precision: stored }) => ({
    name,
    shape,
    dtype: 'float32',
    ...(stored === 'float16' ? { quantization: { original_dtype: 'float32', dtype: stored } } : {}),
  }))
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

/** Zips a model, stored and not compressed. Equal input gives equal bytes. */
export function zipLayersModel({ model, tensors }: LayersModel): Readable {
  const sizeBytes = tensors.reduce(
    (sum, { shape, precision }) => sum + (precision === 'float16' ? 2 : 4) * elements(shape),
    0,
  )
  return storedZip([
    { name: 'model.json', content: Buffer.from(JSON.stringify(model)) },
    { name: 'weights.bin', content: { sizeBytes, read: () => numbersOf(tensors) } },
  ])
}
