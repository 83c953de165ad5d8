/** A teacher that answers inside the training step. */
import { readFile } from 'node:fs/promises'
import type { TeacherInStep } from '../../trainer-contract.ts'
import { readSafetensors } from '../export/safetensors.ts'
import { type FittedNormalization, fromNormalization } from '../normalization.ts'
import type { TeacherNetwork } from '../training-input.ts'
import { matchWeights, type NamedArray } from '../weights.ts'

const ofFile = (arrays: readonly NamedArray[]): FittedNormalization | null => {
  const find = (name: string) => arrays.find((array) => array.name === `normalization.${name}`)
  const [mean, standardDeviation] = [find('mean')?.values, find('standardDeviation')?.values]
  return mean && standardDeviation ? { mean, standardDeviation } : null
}

/** @throws InputError when the weights do not fit the network */
export async function readTeacherInStep(
  teacher: TeacherInStep | null,
): Promise<TeacherNetwork | null> {
  if (!teacher) return null
  const { network, weightsPath, normalization } = teacher
  const { arrays } = readSafetensors(await readFile(weightsPath))
  return {
    network,
    weights: matchWeights(network, arrays),
    normalization:
      normalization === 'in-weights-file'
        ? ofFile(arrays)
        : normalization && fromNormalization(normalization),
  }
}
