// @ts-check
/** Runs dependency-cruiser, and refuses a blind pass: it exits 0 with "0 modules" when it cannot read TypeScript. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { node24 } from './system/node.js'
import { MODULES, ROOT } from './system/paths.js'

/** The canary: lower it only when modules were really removed. */
const FEWEST_MODULES = 150
const FOLDERS = ['src', 'workers', 'scripts', 'test', 'examples'].filter((name) =>
  existsSync(path.join(ROOT, name)),
)

const cli = path.join(MODULES, 'dependency-cruiser/bin/dependency-cruiser.mjs')
const run = spawnSync(node24(), [cli, '--output-type', 'json', ...FOLDERS], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 << 20,
})
if (run.error) throw run.error
if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser: ${run.stderr || run.stdout}`)
/** @type {{ summary: { totalCruised: number, violations: { from: string, to: string, rule: { name: string } }[] } }} */
const { summary } = JSON.parse(run.stdout)
for (const { rule, from, to } of summary.violations)
  process.stdout.write(`${rule.name}: ${from} → ${to}\n`)
const blind = summary.totalCruised < FEWEST_MODULES
if (blind)
  process.stdout.write(`only ${summary.totalCruised} modules were seen, not ${FEWEST_MODULES}\n`)
process.stdout.write(
  `${summary.totalCruised} modules, ${summary.violations.length} layer violations\n`,
)
process.exitCode = summary.violations.length > 0 || blind ? 1 : 0
