// @ts-check
import { spawn } from 'node:child_process'
import { node24 } from '../system/node.js'
import { ROOT } from '../system/paths.js'

/**
 * Runs a script with Node 24 in the terminal; its group is ours, so Ctrl-C reaches it.
 * @param {string[]} args script and arguments
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 * @returns {Promise<number>} exit code; 1 when a signal ended it
 */
export function runInTerminal(args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(node24(), args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: 'inherit',
    })
    child.once('error', reject)
    child.once('exit', (status) => resolve(status ?? 1))
  })
}
