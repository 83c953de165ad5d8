// @ts-check
/** One process of the application: in a group of its own (a Ctrl-C reaches us only), ended by the kernel when we are killed. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { node24 } from '../system/node.js'
import { ROOT } from '../system/paths.js'
import { log } from '../system/step.js'
import { dyingWithUs } from '../system/tool.js'

/**
 * API and worker move bytes and compute nothing: with a small young generation V8 frees what passed through soon instead
 * of growing on a machine with much memory (API 205 MB instead of 376 MB while 500 MB stream in).
 */
const HEAP_FLAGS = ['--max-semi-space-size=1', '--max-old-space-size=512']

/**
 * @typedef {object} Child
 * @property {string} name
 * @property {Promise<number>} ended exit code; 128 + its number when a signal ended it, as shells have it
 * @property {(graceMs: number) => Promise<void>} stop SIGTERM, after the grace period SIGKILL
 * @property {() => void} kill
 */

/**
 * @param {{ name: string, script: string, env: NodeJS.ProcessEnv, logFile?: string | undefined }} request
 *   `logFile`: where its output goes; default the terminal
 * @returns {Child}
 */
export function startChild({ name, script, env, logFile }) {
  if (logFile) mkdirSync(path.dirname(logFile), { recursive: true })
  const output = logFile ? openSync(logFile, 'a') : 'inherit'
  const [file, args] = dyingWithUs(node24(), [...HEAP_FLAGS, script], 'TERM')
  const child = spawn(file, args, {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', output, output],
  })
  if (typeof output === 'number') closeSync(output)
  let running = true
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      log(`${name}: ${error.message}`)
      resolve(1)
    })
    child.once('exit', (status, signal) =>
      resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)),
    )
  }).then((status) => {
    running = false
    return Number(status)
  })
  /** @param {NodeJS.Signals} signal */
  const send = (signal) => {
    if (running) child.kill(signal)
  }
  return {
    name,
    ended,
    kill: () => send('SIGKILL'),
    stop: async (graceMs) => {
      send('SIGTERM')
      const timer = setTimeout(() => {
        log(`${name} did not stop in ${graceMs / 1000} s: killed`)
        send('SIGKILL')
      }, graceMs)
      await ended
      clearTimeout(timer)
    },
  }
}
