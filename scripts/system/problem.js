// @ts-check
/** An expected failure: what went wrong, and what the reader can do about it. Printed without a stack. */
export class Problem extends Error {
  /**
   * @param {string} message what and where
   * @param {string} remedy what to do
   * @param {{ cause?: unknown }} [options]
   */
  constructor(message, remedy, options) {
    super(message, options)
    this.name = 'Problem'
    this.remedy = remedy
  }
}

/**
 * The `code` of a Node system error (`ENOENT`, `EEXIST`…), or undefined for anything else.
 * @param {unknown} error
 * @returns {string | undefined}
 */
export function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/**
 * @param {unknown} error
 * @returns {string}
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}
