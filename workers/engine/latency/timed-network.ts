/** Networks of every form behind one function, ready to be timed with batches of one size. */
import { readFile } from 'node:fs/promises'
import { elements, type Network } from '../../../src/domain/network.ts'
import type { TeacherFiles } from '../../trainer-contract.ts'
import { CannotCompile } from '../compile/cannot-compile.ts'
import { compiledForward } from '../compile/compiled-forward.ts'
import { readSafetensors } from '../export/safetensors.ts'
import { eagerForward } from '../predict.ts'
import type { TeacherSurroundings } from '../teachers/contract.ts'
import type { RunBatch } from '../teachers/graph-rows.ts'
import { matchWeights } from '../weights.ts'

/** A network that waits for a batch of a size that was fixed when it was opened. */
export interface Runnable {
  /** Takes one batch of zeros, and returns when its logits lie in memory of this process. */
  run(): Promise<void>
}

export interface TimedNetwork extends Runnable, AsyncDisposable {}

async function openNetwork(
  network: Network,
  weightsPath: string,
  rows: number,
): Promise<TimedNetwork> {
  const arrays = matchWeights(network, readSafetensors(await readFile(weightsPath)).arrays)
  const features = new Float32Array(rows * elements(network.inputShape))
  const open = () => {
    try {
      return compiledForward(network, arrays, rows)
    } catch (error) {
      if (!(error instanceof CannotCompile)) throw error
      return eagerForward(network, arrays)
    }
  }
  const forward = open()
  return {
    async run() {
      forward.run(features, rows)
    },
    async [Symbol.asyncDispose]() {
      forward[Symbol.dispose]()
    },
  }
}

const ofSession = (
  session: AsyncDisposable & { readonly run: RunBatch },
  shape: readonly number[],
  rows: number,
): TimedNetwork => {
  const features = new Float32Array(rows * elements(shape))
  return {
    async run() {
      await session.run(features, rows)
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}

/**
 * @param rows of a batch
 * @returns null where there is nothing to run, or the model takes only batches of another size
 * @throws InputError when its library does not take the model
 */
export async function openTimed(
  teacher: TeacherFiles,
  rows: number,
  { scratchDirectory, threads }: TeacherSurroundings,
): Promise<TimedNetwork | null> {
  switch (teacher.kind) {
    case 'network':
      return openNetwork(teacher.network, teacher.weightsPath, rows)
    case 'outputs':
      return null
    case 'onnx': {
      const { input, output } = teacher.graph
      if ((input.batchRows ?? rows) !== rows) return null
      const { openOnnxSession } = await import('../teachers/onnx-session.ts')
      const session = await openOnnxSession(teacher.modelPath, input, [output], threads)
      return ofSession(session, input.shape, rows)
    }
    case 'saved-model': {
      const { input } = teacher.graph
      if ((input.batchRows ?? rows) !== rows) return null
      const { openSavedModelSession } = await import('../teachers/saved-model.ts')
      const session = await openSavedModelSession(teacher, scratchDirectory)
      return ofSession(session, input.shape, rows)
    }
  }
}
