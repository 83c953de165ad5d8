// @ts-check
/** One line per step on stderr: what it does, then how long it took (or that it was cached). */
import { messageOf, Problem } from './problem.js'

/** @param {string} line */
export function log(line) {
  endLine()
  process.stderr.write(`${line}\n`)
}

/** What the step returns: nothing when it worked, `cached` when there was nothing to do, or a remark. @typedef {string | undefined} Outcome */

let open = false

function endLine() {
  if (open) process.stderr.write('\n')
  open = false
}

/**
 * @param {string} title
 * @param {() => Outcome | Promise<Outcome>} work
 */
export async function step(title, work) {
  const start = performance.now()
  endLine()
  process.stderr.write(`${title} … `)
  open = true
  const outcome = await work()
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`
  const text =
    outcome === undefined ? seconds : outcome === 'cached' ? outcome : `${outcome}, ${seconds}`
  process.stderr.write(open ? `${text}\n` : `${title}: ${text}\n`)
  open = false
}

/**
 * Prints a failure: a {@link Problem} with its remedy, anything else with its stack.
 * @param {unknown} error
 */
export function explain(error) {
  if (error instanceof Problem) log(`Error: ${error.message}\n  → ${error.remedy}`)
  else log(error instanceof Error ? (error.stack ?? error.message) : messageOf(error))
}
