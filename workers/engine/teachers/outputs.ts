/** Logits that were computed elsewhere: nothing to run, only to read. */
import { NPY_HEADER_BYTES } from '../../../src/domain/npy-header.ts'
import type { TeacherFiles } from '../../trainer-contract.ts'
import { readMatrix } from '../datasets.ts'
import { InputError } from '../input-error.ts'
import type { OpenTeacher } from './contract.ts'

export async function openOutputs(
  teacher: Extract<TeacherFiles, { kind: 'outputs' }>,
): Promise<OpenTeacher> {
  return {
    async logits(part, { rows, classes }) {
      const path = part === 'dataset' ? teacher.outputsPath : teacher.testOutputsPath
      if (path === null)
        throw new InputError('outputs-missing', 'the teacher has no outputs of the test set')
      return readMatrix(path, rows, classes, 'teacher outputs', NPY_HEADER_BYTES)
    },
    async [Symbol.asyncDispose]() {},
  }
}
