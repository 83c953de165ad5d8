// @ts-check
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startServices } from '../services/embedded.js'
import { setup } from '../setup/setup.js'
import { DATA } from '../system/paths.js'
import { log, step } from '../system/step.js'
import { closingLine, count, exitCode } from './closing-line.js'
import { catchSignals } from './signals.js'
import { runInTerminal } from './terminal.js'

/** Those of `npm test`: the others bring gigabytes. */
const PROJECTS = ['unit', 'integration', 'e2e'].map((name) => `--project=${name}`)

/**
 * `npm test [vitest arguments]`: the tests of the named projects, or of all but `foreign`, on services of their own; the
 * last line on stdout is `N passed, M failed`.
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export async function test(args) {
  await setup()
  const folder = path.join(DATA, 'test')
  const results = mkdtempSync(path.join(tmpdir(), 'distillery-test-'))
  /** @type {import('../services/embedded.js').Services | undefined} */
  let services
  // Ctrl-C reaches vitest too; we stay to stop the services
  const signals = catchSignals(() => {})
  let counts = { passed: 0, failed: 1 }
  let status = 1
  try {
    await step('database and queue of the tests', async () => {
      services = await startServices({ folder, log })
      return services.summary
    })
    const file = path.join(results, 'report.json')
    const projects = args.some((arg) => arg.startsWith('--project')) ? [] : PROJECTS
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...args]
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    status = await runInTerminal([...vitest, ...reporters], services?.env)
    counts = count(readReport(file))
  } finally {
    signals.ignore()
    rmSync(results, { recursive: true, force: true })
    await services?.stop()
  }
  process.stdout.write(`${closingLine(counts)}\n`)
  return exitCode(counts, status)
}

/**
 * @param {string} file
 * @returns {import('./closing-line.js').Report | undefined}
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined // vitest ended before it wrote one
  }
}
