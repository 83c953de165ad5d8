// @ts-check
/** `npm run bench`: the peers in virtual environments of their own, a service of its own, then `bench/run.ts`. */
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setup } from '../setup/setup.js'
import { cacheHome, ROOT } from '../system/paths.js'
import { freePort } from '../system/ports.js'
import { fingerprint, readStamp, writeWhole } from '../system/stamp.js'
import { step } from '../system/step.js'
import { runTool } from '../system/tool.js'
import { addressFrom, onPort } from './address.js'
import { withService } from './service.js'
import { runInTerminal } from './terminal.js'

/**
 * @param {'torch' | 'jax'} peer
 * @returns {Promise<string>} its Python
 */
async function installPeer(peer) {
  const chosen = process.env[`BENCH_${peer.toUpperCase()}_PYTHON`]
  if (chosen) return chosen
  const requirements = path.join(ROOT, `bench/peers/requirements-${peer}.txt`)
  const folder = path.join(cacheHome(), `bench-${peer}`)
  const python = path.join(folder, 'bin/python')
  const stamp = path.join(folder, 'requirements.sha256')
  const wanted = fingerprint(readFileSync(requirements))
  await step(`Python packages of ${peer}`, async () => {
    if (readStamp(stamp) === wanted) return 'cached'
    mkdirSync(folder, { recursive: true })
    await runTool('python3', ['-m', 'venv', '--clear', folder], {
      remedy: 'install python3-venv, or set BENCH_TORCH_PYTHON and BENCH_JAX_PYTHON',
    })
    await runTool(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], {
      remedy: 'check the network and the pip index setting, then run the command again',
    })
    writeWhole(stamp, wanted)
    return undefined
  })
  return python
}

/**
 * @param {string[]} args handed to `bench/run.ts`
 * @returns {Promise<number>}
 */
export async function bench(args) {
  await setup()
  const torch = await installPeer('torch')
  const jax = await installPeer('jax')
  const wanted = addressFrom()
  const address = onPort(wanted, await freePort(undefined, wanted.host))
  return withService({ address, quiet: true }, () =>
    runInTerminal(['bench/run.ts', ...args], {
      DISTILLERY_URL: address.url,
      BENCH_TORCH_PYTHON: torch,
      BENCH_JAX_PYTHON: jax,
    }),
  )
}
