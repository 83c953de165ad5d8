/**
 * The layers-model format of TensorFlow.js: `model.json` and `weights.bin`, in one zip. Input normalization becomes a
 * BatchNormalization layer in front, so that the model takes raw inputs as the network of the service does.
 */
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Network } from '../../../src/domain/network.ts'
import { weightName } from '../../../src/domain/network.ts'
import type { FittedNormalization } from '../normalization.ts'
import type { NamedArray } from '../weights.ts'
import { freeName, KERAS_WEIGHT_NAMES, type KerasLayer } from './keras-layers.ts'
import { kerasTopology } from './keras-topology.ts'

/**
 * TensorFlow's fused batch normalization silently raises a smaller epsilon to this (cuDNN's minimum), so this much is
 * taken off the variance, which the layer adds again.
 */
const MIN_EPSILON = 1.001e-5

function normalizationLayer(
  name: string,
  { mean, standardDeviation }: FittedNormalization,
): { layer: KerasLayer; arrays: NamedArray[] } {
  const variances = Array.from(standardDeviation, (sd) => sd * sd)
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
    arrays: [
      { name: `${name}/moving_mean`, shape, values: mean },
      {
        name: `${name}/moving_variance`,
        shape,
        values: Float32Array.from(variances, (variance) => variance - epsilon),
      },
    ],
  }
}

/** Weights under Keras' names, `layer/moving_mean` for `layer.movingMean`. */
const kerasArrays = (network: Network, weights: readonly NamedArray[]): NamedArray[] => {
  const byName = new Map(weights.map((array) => [array.name, array]))
  return network.layers.flatMap(({ name: layer, weights: shapes }) =>
    shapes.map(({ name }) => {
      const array = byName.get(weightName(layer, name))
      if (!array) throw new Error(`no weight called ${weightName(layer, name)}`)
      return { ...array, name: `${layer}/${KERAS_WEIGHT_NAMES[name]}` }
    }),
  )
}

export interface LayersModel {
  /** Content of `model.json`. */
  readonly model: Readonly<Record<string, unknown>>
  /** Tensors in the order of `weights.bin`. */
  readonly arrays: readonly NamedArray[]
}

/** @param userDefined JSON that loaders hand on untouched */
export function layersModel(
  network: Network,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  userDefined: Readonly<Record<string, unknown>>,
): LayersModel {
  const taken = new Set(network.layers.map(({ name }) => name))
  const leading =
    normalization && normalizationLayer(freeName('normalization', taken), normalization)
  const arrays = [...(leading?.arrays ?? []), ...kerasArrays(network, weights)]
  const manifest = arrays.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }))
  const model = {
    format: 'layers-model',
    generatedBy: 'distillery',
    convertedBy: null,
    modelTopology: kerasTopology(network, leading ? [leading.layer] : []),
    weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
    userDefinedMetadata: userDefined,
  }
  return { model, arrays }
}

/** Zips a model, stored and not compressed. Equal input gives equal bytes: no clock, no file modes of this machine. */
export function zipLayersModel({ model, arrays }: LayersModel): Readable {
  // The zip format holds local time: made from local fields, it is the same number in every time zone. Not 1980, its
  // first year: yazl clamps to a limit that is in local time as well.
  const mtime = new Date(1981, 0, 1, 0, 0, 0)
  const options = { mtime, mode: 0o100644, compress: false, forceDosTimestamp: true }
  const zip = new ZipFile()
  zip.addBuffer(Buffer.from(JSON.stringify(model)), 'model.json', options)
  const chunks = arrays.map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  )
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
  zip.addReadStream(Readable.from(chunks), 'weights.bin', { ...options, size })
  zip.end()
  return Readable.from(zip.outputStream)
}
