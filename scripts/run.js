// @ts-check
/** All commands of package.json: `node scripts/run.js <command>`. Runs on the machine's own Node, from an empty clone. */
import { explain } from './system/step.js'

const USAGE = `Usage: node scripts/run.js <command> [arguments]

  demo                submit a real job on the bundled digits data and show what comes out
  start               run the service: database, queue, API and worker
  test [arguments]    all tests but test-foreign; arguments go to vitest
  test-foreign        delivered models in Python runtimes and a browser, which it installs
  check               style, types, layers, unused code, unit tests
  bench [options]     speed against PyTorch and JAX, in their own Python environments (bench/run.ts)
  setup [step…]       only what the others do first: packages, node, tensorflow, redis, client
  train <spec.json>   one training by hand, without queue and database
  openapi             write openapi.yaml anew
  services            start the embedded database and queue, print their addresses
  stop-services       stop them
  db-diff             compare prisma/migrations with prisma/schema.prisma

Environment: HOST, PORT, DATABASE_URL, REDIS_URL, DISTILLERY_CACHE_DIR, DISTILLERY_DEVICE=cpu|gpu
`

// Each command is loaded when it is asked for: a start within seconds needs a short path.
/** @type {Record<string, (args: string[]) => Promise<number>>} */
const COMMANDS = {
  demo: async (args) => (await import('./commands/demo.js')).demo(args),
  start: async () => (await import('./commands/start.js')).start(),
  test: async (args) => (await import('./commands/test.js')).test(args),
  'test-foreign': async (args) =>
    (await import('./commands/test.js')).test(['--project=foreign', ...args]),
  check: async () => (await import('./commands/check.js')).check(),
  bench: async (args) => (await import('./commands/bench.js')).bench(args),
  setup: async (args) => {
    await (await import('./setup/setup.js')).setup(args)
    return 0
  },
  train: (args) => afterSetup('workers/train-by-hand.ts', args),
  openapi: (args) => afterSetup('src/api/write-openapi.ts', args),
  services: async () => (await import('./commands/services.js')).services(),
  'stop-services': async () => (await import('./commands/services.js')).stopServices(),
  'db-diff': async () => (await import('./commands/services.js')).databaseDiff(),
}

/**
 * @param {string} script
 * @param {string[]} args
 */
async function afterSetup(script, args) {
  const { setup } = await import('./setup/setup.js')
  const { runInTerminal } = await import('./commands/terminal.js')
  const { WORKER_ENV } = await import('./commands/application.js')
  await setup()
  return runInTerminal([script, ...args], { ...WORKER_ENV, ...process.env })
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (command) {
  try {
    process.exitCode = await command(args)
  } catch (error) {
    explain(error)
    process.exitCode = 1
  }
} else {
  const asked = name === '' || name === 'help' || name === '--help'
  if (!asked) process.stderr.write(`Unknown command: ${name}\n\n`)
  process.stderr.write(USAGE)
  process.exitCode = asked ? 0 : 2
}
