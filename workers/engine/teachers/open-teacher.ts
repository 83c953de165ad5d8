/** Teachers that were given, in whatever form they are stored. */
import type { TeacherFiles } from '../../trainer-contract.ts'
import type { OpenTeacher, TeacherSurroundings } from './contract.ts'
import { openNetwork } from './network.ts'
import { openOutputs } from './outputs.ts'

/** @throws InputError when a file is not what the form promises */
export async function openTeacher(
  teacher: TeacherFiles,
  surroundings: TeacherSurroundings,
): Promise<OpenTeacher> {
  switch (teacher.kind) {
    case 'network':
      return openNetwork(teacher)
    case 'outputs':
      return openOutputs(teacher)
    case 'onnx': {
      const { openOnnx } = await import('./onnx.ts')
      return openOnnx(teacher, surroundings)
    }
    case 'saved-model': {
      const { openSavedModel } = await import('./saved-model.ts')
      return openSavedModel(teacher, surroundings)
    }
  }
}
