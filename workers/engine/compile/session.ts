/** A loaded graph: feeds in, numbers out. Works below tfjs, so nothing of it is counted by `tf.memory()`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type HostValues, nativeBackend } from '../native-backend.ts'
import { CannotCompile } from './cannot-compile.ts'
import { TAG } from './messages.ts'

export interface Feed {
  /** Of a placeholder. */
  readonly name: string
  readonly dtype: number
  readonly shape: readonly number[]
  readonly values: HostValues
}

export interface Session {
  /** Values of `outputs`, names of nodes, in their order. */
  run(feeds: readonly Feed[], outputs: readonly string[]): HostValues[]
  /** Frees graph and variables. */
  close(): void
}

/** The addon loads only from a folder, which is removed again at once. */
function load(graph: Uint8Array): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'distillery-graph-'))
  try {
    writeFileSync(path.join(folder, 'saved_model.pb'), graph)
    return nativeBackend().binding.loadSavedModel(folder, TAG)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CannotCompile(`TensorFlow refuses the graph: ${reason}`, { cause: error })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const outputOf = (name: string): string => `${name}:0`

/** @throws CannotCompile when TensorFlow does not take the graph */
export function openSession(graph: Uint8Array): Session {
  const { binding } = nativeBackend()
  const session = load(graph)
  return {
    run(feeds, outputs) {
      const handles: number[] = []
      try {
        for (const { shape, dtype, values } of feeds)
          handles.push(binding.createTensor(shape, dtype, values))
        const results = binding.runSavedModel(
          session,
          handles,
          feeds.map(({ name }) => outputOf(name)).join(),
          outputs.map(outputOf).join(),
        )
        handles.push(...results.map(({ id }) => id))
        return results.map(({ id }) => binding.tensorDataSync(id))
      } finally {
        for (const id of handles) binding.deleteTensor(id)
      }
    },
    close: () => binding.deleteSavedModel(session),
  }
}
