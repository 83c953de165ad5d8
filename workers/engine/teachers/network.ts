/** A stored network, run by the engine. */
import { readFile } from 'node:fs/promises'
import type { TeacherFiles } from '../../trainer-contract.ts'
import { checkFits, readRows } from '../check-fits.ts'
import { readSafetensors } from '../export/safetensors.ts'
import { fromNormalization } from '../normalization.ts'
import { allRows, predict } from '../predict.ts'
import { matchWeights } from '../weights.ts'
import type { OpenTeacher } from './contract.ts'

export async function openNetwork(
  teacher: Extract<TeacherFiles, { kind: 'network' }>,
): Promise<OpenTeacher> {
  const { network } = teacher
  const weights = matchWeights(network, readSafetensors(await readFile(teacher.weightsPath)).arrays)
  const normalization = teacher.normalization && fromNormalization(teacher.normalization)
  return {
    async logits(_part, rows, signal) {
      checkFits(network, rows)
      const data = await readRows(network, rows)
      return predict(network, weights, data, allRows(data), normalization, signal)
    },
    async [Symbol.asyncDispose]() {},
  }
}
