/**
 * Tries one uploaded model with its own library and ends. A process of its own, because native code that is given a
 * damaged model may crash; started by the API, which loads no such library itself, with the kind of the model.
 */
import type { ProbedModel, ProbeOutcome } from '../src/domain/model-probe.ts'
import type { Tap } from '../src/domain/tap.ts'
import type { ProbeMessage } from '../src/probe/contract.ts'
import { InputError } from './engine/input-error.ts'
import { dieWithParent } from './orphan-guard.ts'

const send = (message: ProbeMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!process.send) return reject(new Error('no IPC channel: a probe is started by fork'))
    process.send(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })

/** Where the library is missing this throws, and the process ends before it says `loaded`. */
async function load(): Promise<(model: ProbedModel) => Promise<readonly Tap[]>> {
  if (process.argv[2] === 'onnx') {
    const { probeOnnx } = await import('./engine/teachers/probe-onnx.ts')
    return ({ path, graph }) => probeOnnx(path, graph)
  }
  const { probeSavedModel } = await import('./engine/teachers/probe-saved-model.ts')
  return (model) => {
    if (model.kind !== 'saved-model')
      throw new Error(`started for a SavedModel, given ${model.kind}`)
    return probeSavedModel(model.path, model.graph, model.part)
  }
}

dieWithParent()
const probe = await load()

async function attempt(model: ProbedModel): Promise<ProbeOutcome> {
  try {
    return { kind: 'answers', taps: await probe(model) }
  } catch (error) {
    const code = error instanceof InputError ? error.code : 'model-not-run'
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'refused', code, message }
  }
}

process.on('disconnect', () => process.exit(0))
process.on('message', async (model: ProbedModel) => {
  await send({ type: 'outcome', outcome: await attempt(model) })
})
await send({ type: 'loaded' })
