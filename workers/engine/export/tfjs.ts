/** A trained network as a layers model of TensorFlow.js. */
import type { Network } from '../../../src/domain/network.ts'
import {
  type LayersModel,
  layersModel as layersModelOf,
} from '../../../src/models/export/layers-model.ts'
import { type FittedNormalization, toNormalization } from '../normalization.ts'
import type { NamedArray } from '../weights.ts'

/** @param userDefined JSON that loaders hand on untouched */
export function layersModel(
  network: Network,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  userDefined: Readonly<Record<string, unknown>>,
): LayersModel {
  const byName = new Map(weights.map((array) => [array.name, array]))
  const numbers = (name: string): Uint8Array[] => {
    const array = byName.get(name)
    if (!array) throw new Error(`no weight called ${name}`)
    const { buffer, byteOffset, byteLength } = array.values
    return [new Uint8Array(buffer, byteOffset, byteLength)]
  }
  return layersModelOf(
    network,
    numbers,
    normalization && toNormalization(normalization),
    userDefined,
  )
}
