/** A trained network as the files that are given out. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { MODEL_FORMAT } from '../../src/domain/model.ts'
import { zipLayersModel } from '../../src/models/export/layers-model.ts'
import type { TrainTask } from '../trainer-contract.ts'
import { writeSafetensors } from './export/safetensors.ts'
import { layersModel } from './export/tfjs.ts'
import type { FittedNormalization } from './normalization.ts'
import type { Outputs } from './task-outputs.ts'
import { versions } from './versions.ts'
import type { NamedArray } from './weights.ts'

/** Tensors of the delivered file: the weights, and the normalization as two more. */
const deliveredArrays = (
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
): NamedArray[] => {
  if (!normalization) return [...weights]
  const { mean, standardDeviation } = normalization
  const shape = [mean.length]
  return [
    ...weights,
    { name: 'normalization.mean', shape, values: mean },
    { name: 'normalization.standardDeviation', shape, values: standardDeviation },
  ]
}

/** What the delivered files say of themselves. */
const manifestOf = ({ manifest }: TrainTask): Record<string, unknown> => ({
  ...manifest,
  versions: versions(),
})

/** Leaves the weights as safetensors; returns the SHA-256 of that file. */
export async function keepWeights(
  task: TrainTask,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  outputs: Outputs,
): Promise<string> {
  const { classNames = null } = task.manifest
  const metadata = {
    format: MODEL_FORMAT,
    network: JSON.stringify(task.network),
    classNames: JSON.stringify(classNames),
    manifest: JSON.stringify(manifestOf(task)),
  }
  const safetensors = writeSafetensors(deliveredArrays(weights, normalization), metadata)
  await outputs.stream('safetensors', Readable.from(safetensors))
  return sha256(safetensors)
}

/** Leaves the network in the formats that are made by training itself, beside the safetensors file. */
export async function deliver(
  task: TrainTask,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  safetensorsSha256: string,
  outputs: Outputs,
): Promise<void> {
  const { classNames = null } = task.manifest
  const model = layersModel(task.network, weights, normalization, {
    classNames,
    manifest: { ...manifestOf(task), safetensorsSha256 },
  })
  await outputs.stream('tfjs', zipLayersModel(model))
}

function sha256(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}
