// @ts-check
/** Counts a vitest run from its JSON report. */

/**
 * @typedef {object} Report what vitest's `json` reporter writes (the fields used here)
 * @property {number} [numPassedTests]
 * @property {number} [numFailedTests]
 * @property {boolean} [success]
 * @property {{ status?: string, assertionResults?: { status?: string }[] }[]} [testResults] one per file
 */

/**
 * @param {Report | undefined} report undefined when none was written
 * @returns {{ passed: number, failed: number }} a file that failed without a failed test (a syntax error, a failed hook)
 *   counts as one failure, and so does a run that did not succeed for any other reason
 */
export function count(report) {
  const passed = report?.numPassedTests ?? 0
  const brokenFiles = (report?.testResults ?? []).filter(
    (file) =>
      file.status === 'failed' &&
      !(file.assertionResults ?? []).some((test) => test.status === 'failed'),
  ).length
  const failed = (report?.numFailedTests ?? 0) + brokenFiles
  return { passed, failed: failed === 0 && report?.success !== true ? 1 : failed }
}

/**
 * @param {{ passed: number, failed: number }} counts
 * @param {number} status exit code of vitest
 * @returns {number} exit code: a run in which nothing passed is no success
 */
export function exitCode({ passed, failed }, status) {
  return status !== 0 ? status : failed > 0 || passed === 0 ? 1 : 0
}

/** @param {{ passed: number, failed: number }} counts */
export const closingLine = ({ passed, failed }) => `${passed} passed, ${failed} failed`
