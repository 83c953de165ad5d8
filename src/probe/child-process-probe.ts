/** Tries models in a child process that lives for one model: what a damaged one does to native code ends with it. */
import { fork } from 'node:child_process'
import type { ModelProbe, ProbedModel, ProbeOutcome } from '../domain/model-probe.ts'
import type { ProbeMessage } from './contract.ts'

const TIMEOUT_MS = 60_000

interface Settings {
  /** The program of the child. It is not imported: it loads what the API must not. */
  readonly script: URL
  readonly environment: Readonly<NodeJS.ProcessEnv>
}

function probeOnce({ script, environment }: Settings, model: ProbedModel): Promise<ProbeOutcome> {
  const child = fork(script, [model.kind], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      ...environment,
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_NUM_INTRAOP_THREADS: '1',
      TF_NUM_INTEROP_THREADS: '1',
      CUDA_VISIBLE_DEVICES: '-1',
    },
  })
  let isLoaded = false
  let timedOut = false
  let outcome: ProbeOutcome | undefined
  const timer = setTimeout(() => {
    timedOut = true
    child.kill('SIGKILL')
  }, TIMEOUT_MS)
  child.on('message', (message: ProbeMessage) => {
    if (message.type === 'loaded') {
      isLoaded = true
      child.send(model)
    } else {
      outcome = message.outcome
      child.kill('SIGKILL')
    }
  })
  return new Promise((resolve) => {
    const end = (how: string): void => {
      clearTimeout(timer)
      resolve(outcome ?? (isLoaded ? crashed(timedOut, how) : { kind: 'not-tried' }))
    }
    child.once('error', (error) => end(error.message))
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`))
  })
}

const crashed = (timedOut: boolean, how: string): ProbeOutcome => ({
  kind: 'refused',
  code: 'model-crashes',
  message: timedOut
    ? `the model did not answer two rows of zeros within ${TIMEOUT_MS / 1000} s`
    : `the model ended the process that tried it (${how}) on two rows of zeros: it is damaged, or needs more memory than there is. Export it again, and try it where it was made`,
})

/** One model at a time: each loads a library and the model itself. */
export function childProcessProbe(settings: Settings): ModelProbe {
  let last: Promise<unknown> = Promise.resolve()
  return {
    probe(model) {
      const mine = last.then(() => probeOnce(settings, model))
      last = mine.catch(() => undefined)
      return mine
    },
  }
}
