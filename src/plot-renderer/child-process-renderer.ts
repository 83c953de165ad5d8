/**
 * Draws in a child process that is started when a plot is asked for and ended when it has been idle: Vega takes more
 * memory than the rest of the API.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Drawing, PlotRenderer } from '../domain/ports.ts'
import type { RenderAnswer, RenderRequest } from './contract.ts'

const SCRIPT = new URL('./render-process.ts', import.meta.url)
const IDLE_MS = 10_000
const TIMEOUT_MS = 30_000
/** Enough for some 300 plots at once; kept small, the process takes 120 MB. */
const MEMORY = ['--max-semi-space-size=1', '--max-old-space-size=96']

interface Waiting {
  readonly resolve: (svgs: readonly string[]) => void
  readonly reject: (error: Error) => void
}

export interface ChildProcessRenderer extends PlotRenderer {
  close(): void
}

/**
 * @param environment of the child: nothing secret
 * @returns a renderer that rejects when its process ends early or takes longer than half a minute
 */
export function childProcessRenderer(
  environment: Readonly<NodeJS.ProcessEnv>,
): ChildProcessRenderer {
  const waiting = new Map<number, Waiting>()
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let lastId = 0

  function start(): ChildProcess {
    const started = fork(SCRIPT, {
      execArgv: MEMORY,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: environment,
    })
    started.on('message', (answer: RenderAnswer) => {
      const asked = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('svgs' in answer) asked?.resolve(answer.svgs)
      else asked?.reject(new Error(`a plot could not be drawn: ${answer.error}`))
      watch()
    })
    const end = (how: string): void => {
      if (child !== started) return
      child = undefined
      clearTimeout(timer)
      for (const { reject } of waiting.values())
        reject(new Error(`the process that draws plots has ended (${how})`))
      waiting.clear()
    }
    started.once('error', (error) => end(error.message))
    started.once('exit', (code, signal) => end(signal ?? `code ${code}`))
    return started
  }

  /** Ends a child that is stuck, which its exit tells those who wait, or that has nothing to do. */
  function watch(): void {
    clearTimeout(timer)
    if (waiting.size > 0) timer = setTimeout(() => child?.kill('SIGKILL'), TIMEOUT_MS)
    else timer = setTimeout(close, IDLE_MS)
  }

  /** What is asked for from now on gets a child of its own. */
  function close(): void {
    clearTimeout(timer)
    const idle = child
    child = undefined
    idle?.kill('SIGKILL')
    for (const { reject } of waiting.values()) reject(new Error('plots are no longer drawn here'))
    waiting.clear()
  }

  return {
    render(drawings: readonly Drawing[]) {
      child ??= start()
      const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
      const request: RenderRequest = { id: ++lastId, drawings }
      waiting.set(request.id, { resolve, reject })
      // Of a send that fails the exit tells.
      child.send(request, () => {})
      watch()
      return promise
    },
    close,
  }
}
