// @ts-check
import { setup } from '../setup/setup.js'
import { node24 } from '../system/node.js'
import { ROOT } from '../system/paths.js'
import { step } from '../system/step.js'
import { runTool } from '../system/tool.js'

/** In order of cost. @type {[string, string[]][]} */
const CHECKS = [
  ['style (biome)', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
  ['types (tsc)', ['node_modules/typescript/bin/tsc']],
  ['layers (dependency-cruiser)', ['scripts/check-layers.js']],
  ['unused code (knip)', ['node_modules/knip/bin/knip.js']],
  ['unit tests (vitest)', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit']],
]

/** `npm run check`: stops at the first failure, with its output. */
export async function check() {
  await setup()
  for (const [title, args] of CHECKS)
    await step(title, async () => {
      await runTool(node24(), args, {
        cwd: ROOT,
        remedy: 'correct what it says',
        wholeOutput: true,
      })
      return undefined
    })
  return 0
}
