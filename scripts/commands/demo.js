// @ts-check
import { spawn } from 'node:child_process'
import { setup } from '../setup/setup.js'
import { node24 } from '../system/node.js'
import { ROOT } from '../system/paths.js'
import { freePort } from '../system/ports.js'
import { log } from '../system/step.js'
import { addressFrom, onPort, whoIsAt } from './address.js'
import { withService } from './service.js'
import { catchSignals } from './signals.js'

/**
 * `npm run demo`: against the Distillery that runs here, else against one that lives as long as the demo.
 * @param {string[]} args handed to the demo
 * @returns {Promise<number>} the demo's exit code
 */
export async function demo(args) {
  const wanted = addressFrom()
  const who = await whoIsAt(wanted)
  await setup()
  if (who === 'distillery') {
    log(`using the Distillery at ${wanted.url}`)
    return runDemo(wanted, { DISTILLERY_STAYS: '1' }, args)
  }
  const address = who === 'free' ? wanted : onPort(wanted, await freePort(undefined, wanted.host))
  if (who === 'taken') log(`port ${wanted.port} is taken by another program: using ${address.port}`)
  return withService({ address, quiet: true }, () => runDemo(address, {}, args))
}

/**
 * @param {import('./address.js').Address} address
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function runDemo(address, env, args) {
  // in our process group: Ctrl-C reaches it by itself, a SIGTERM for us is passed on
  const child = spawn(node24(), ['src/cli/demo.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env, DISTILLERY_URL: address.url },
    stdio: 'inherit',
  })
  const signals = catchSignals(() => child.kill('SIGKILL'))
  void signals.signalled.then((signal) => child.kill(signal))
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (status) => resolve(status ?? 1))
    })
  } finally {
    signals.ignore()
  }
}
