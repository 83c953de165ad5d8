/** A stored model in a format that is made when it is asked for. Equal models give equal bytes. */
import {
  MODEL_FORMAT,
  type Normalization,
  type Precision,
  type WeightFormat,
} from '../../domain/model.ts'
import { type Network, weightBytes, weightName } from '../../domain/network.ts'
import { bytesOf } from '../protobuf/message.ts'
import { layersModelZip } from './from-safetensors.ts'
import { halfSafetensors } from './half-safetensors.ts'
import type { ModelContent } from './model-content.ts'
import { onnxModel } from './onnx/model.ts'
import { ExportImpossible, precisionOf } from './precision.ts'
import { savedModel } from './saved-model/model.ts'
import type { StoredWeights } from './stored-weights.ts'
import { storedZip } from './stored-zip.ts'

/** No protocol buffer may be larger: ONNX files and saved_model.pb are one each. */
const MAX_MESSAGE_BYTES = 2 ** 31 - 1
/** For nodes and metadata beside the weights; measured, a ResNet-56 takes 0.2 MB. */
const MESSAGE_MARGIN_BYTES = 16 * 2 ** 20

export interface ExportedModel {
  readonly network: Network
  readonly normalization: Normalization | null
  readonly classNames: readonly string[] | null
  /** Of the stored file. */
  readonly safetensorsSha256: string
}

const parsed = (json: string | undefined): unknown => (json === undefined ? null : JSON.parse(json))

/** What made the model, as the file records it, and which file it was: nothing that differs between equal models. */
export const embeddedManifest = (
  { metadata }: StoredWeights,
  safetensorsSha256: string,
): Record<string, unknown> => ({
  ...(parsed(metadata.manifest) as Record<string, unknown> | null),
  safetensorsSha256,
})

function halvedNames({ layers }: Network): Set<string> {
  return new Set(
    layers.flatMap(({ name: layer, weights }) =>
      weights
        .filter(({ name }) => precisionOf(name, 'float16') === 'float16')
        .map(({ name }) => weightName(layer, name)),
    ),
  )
}

function refuseTooLarge(network: Network, precision: Precision): void {
  const sizeBytes = weightBytes(network) / (precision === 'float16' ? 2 : 1)
  if (sizeBytes + MESSAGE_MARGIN_BYTES > MAX_MESSAGE_BYTES)
    throw new ExportImpossible(
      `the weights take ${sizeBytes} bytes, and a protocol buffer ends at 2 GiB: ask for format=safetensors`,
    )
}

/**
 * @returns the bytes, while they are read from the stored file; reading throws ExportImpossible at a number that the
 *   precision cannot hold
 * @throws ExportImpossible when the format cannot hold the model
 */
export function exportModel(
  model: ExportedModel,
  weights: StoredWeights,
  format: WeightFormat,
  precision: Precision,
): AsyncIterable<Uint8Array> {
  const { network, normalization, classNames } = model
  const manifest = embeddedManifest(weights, model.safetensorsSha256)
  const content = (): ModelContent => {
    refuseTooLarge(network, precision)
    return {
      network,
      normalization,
      weight: weights.tensor,
      precision,
      metadata: {
        format: MODEL_FORMAT,
        network: JSON.stringify(network),
        classNames: JSON.stringify(classNames),
        manifest: JSON.stringify(manifest),
      },
    }
  }
  switch (format) {
    case 'safetensors':
      return halfSafetensors(weights, precision === 'float16' ? halvedNames(network) : new Set())
    case 'tfjs':
      return layersModelZip(weights, network, normalization, { classNames, manifest }, precision)
    case 'onnx':
      return bytesOf(onnxModel(content()))
    case 'savedmodel': {
      const graph = savedModel(content())
      const about = { format: MODEL_FORMAT, classNames, network, manifest }
      return storedZip([
        {
          name: 'saved_model.pb',
          content: { sizeBytes: graph.sizeBytes, read: () => bytesOf(graph) },
        },
        { name: 'manifest.json', content: Buffer.from(JSON.stringify(about)) },
      ])
    }
  }
}
