/** The zip of a TensorFlow.js layers model out of a stored safetensors file, without holding either in memory. */
import type { Readable } from 'node:stream'
import type { Normalization, Precision } from '../../domain/model.ts'
import type { Network } from '../../domain/network.ts'
import { layersModel, zipLayersModel } from './layers-model.ts'
import type { StoredWeights } from './stored-weights.ts'

export const layersModelZip = (
  weights: StoredWeights,
  network: Network,
  normalization: Normalization | null,
  userDefined: Readonly<Record<string, unknown>>,
  precision: Precision = 'float32',
): Readable =>
  zipLayersModel(
    layersModel(
      network,
      (name) => weights.tensor(name).read(),
      normalization,
      userDefined,
      precision,
    ),
  )
