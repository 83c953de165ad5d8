/** A TensorFlow SavedModel, run by the TensorFlow that trains. */
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openArchive } from '../../../src/models/archive.ts'
import { SERVE } from '../../../src/models/saved-model/cut-graph.ts'
import { readSavedModel } from '../../../src/models/saved-model/read-saved-model.ts'
import type { TeacherFiles } from '../../trainer-contract.ts'
import { readDataset } from '../datasets.ts'
import { InputError } from '../input-error.ts'
import { nativeBackend } from '../native-backend.ts'
import { fromNormalization } from '../normalization.ts'
import type { OpenTeacher, TeacherSurroundings } from './contract.ts'
import { checkRows, type RunBatch, runRows } from './graph-rows.ts'

type SavedModelFiles = Extract<TeacherFiles, { kind: 'saved-model' }>
/** Whatever is to be done to rows before it. */
type SavedModelSource = Pick<SavedModelFiles, 'modelPath' | 'graph' | 'part'>

/** Unpacks the files that are needed: the variables as they are, and of the graph the part that was checked. */
async function unpack({ modelPath, part }: SavedModelSource, folder: string): Promise<void> {
  const archive = await openArchive(modelPath)
  try {
    const { graphBytes, variables } = await readSavedModel(archive, part)
    await writeFile(path.join(folder, 'saved_model.pb'), graphBytes)
    await mkdir(path.join(folder, 'variables'))
    for (const [file, name] of variables)
      await pipeline(
        Readable.from(archive.read(name)),
        createWriteStream(path.join(folder, 'variables', file)),
      )
  } finally {
    archive.close()
  }
}

const refused = (error: unknown): InputError =>
  new InputError(
    'saved-model-refused',
    `TensorFlow does not run the model: ${(error instanceof Error ? error.message : String(error)).slice(0, 500)}`,
  )

async function load(teacher: SavedModelSource, scratchDirectory: string): Promise<number> {
  const folder = await mkdtemp(path.join(scratchDirectory, 'saved-model-'))
  try {
    await unpack(teacher, folder)
    return nativeBackend().binding.loadSavedModel(folder, SERVE)
  } catch (error) {
    throw refused(error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface SavedModelSession extends AsyncDisposable {
  readonly run: RunBatch
}

/** @throws InputError when TensorFlow does not take the model */
export async function openSavedModelSession(
  teacher: SavedModelSource,
  scratchDirectory: string,
): Promise<SavedModelSession> {
  const { input, output } = teacher.graph
  const { binding } = nativeBackend()
  const session = await load(teacher, scratchDirectory)
  return {
    async run(values, rows) {
      const handles: number[] = []
      try {
        handles.push(binding.createTensor([rows, ...input.shape], binding.TF_FLOAT, values))
        const results = binding.runSavedModel(session, handles, input.name, output)
        handles.push(...results.map(({ id }) => id))
        return results.map(({ id, shape }) => {
          const data = binding.tensorDataSync(id)
          if (data instanceof Float32Array) return { shape, values: data }
          throw new InputError('model-output-not-classes', 'the output of the model is not float32')
        })
      } catch (error) {
        throw error instanceof InputError ? error : refused(error)
      } finally {
        for (const id of handles) binding.deleteTensor(id)
      }
    },
    async [Symbol.asyncDispose]() {
      binding.deleteSavedModel(session)
    },
  }
}

/** @throws InputError when TensorFlow does not take the model */
export async function openSavedModel(
  teacher: SavedModelFiles,
  { scratchDirectory }: TeacherSurroundings,
): Promise<OpenTeacher> {
  const { graph } = teacher
  const session = await openSavedModelSession(teacher, scratchDirectory)
  const normalization = teacher.normalization && fromNormalization(teacher.normalization)
  return {
    async logits(_part, rows, signal) {
      checkRows(graph, rows)
      const data = await readDataset(rows)
      const wanted = [graph.output]
      const [logits] = await runRows(graph, data, normalization, wanted, session.run, signal)
      return logits?.values ?? new Float32Array(0)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
