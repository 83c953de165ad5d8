import { expect, test } from 'vitest'
import { closingLine, count, exitCode } from '../../../scripts/commands/closing-line.js'

const passedFile = { status: 'passed', assertionResults: [{ status: 'passed' }] }

test('passed and failed tests are counted', () => {
  const report = {
    numPassedTests: 12,
    numFailedTests: 2,
    success: false,
    testResults: [passedFile, { status: 'failed', assertionResults: [{ status: 'failed' }] }],
  }
  expect(closingLine(count(report))).toBe('12 passed, 2 failed')
})

test('each file that could not be loaded counts as a failure', () => {
  const unloadable = { status: 'failed', assertionResults: [] }
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    success: false,
    testResults: [
      passedFile,
      unloadable,
      unloadable,
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
    ],
  }
  expect(count(report)).toEqual({ passed: 3, failed: 3 })
})

test('a run that failed outside any test, or left no report, counts as a failure', () => {
  expect(count({ numPassedTests: 3, success: false, testResults: [passedFile] }).failed).toBe(1)
  expect(count(undefined)).toEqual({ passed: 0, failed: 1 })
})

test.each([
  [{ passed: 1, failed: 0 }, 0, 0],
  [{ passed: 1, failed: 1 }, 0, 1],
  [{ passed: 0, failed: 0 }, 0, 1],
  [{ passed: 5, failed: 0 }, 130, 130],
])('%j with vitest exit code %i gives %i', (counts, status, expected) => {
  expect(exitCode(counts, status)).toBe(expected)
})
