import { expect, test } from 'vitest'
import { warningsOf } from '../../../workers/collect-outcome.ts'
import type { Execution, TaskResult } from '../../../workers/trainer-contract.ts'

const resultWith = (execution: Execution | null): TaskResult => ({ execution }) as TaskResult
const eager: Execution = {
  mode: 'eager',
  compiler: null,
  reason: 'Foo has an attribute that is not known',
  isFallback: true,
  stepsPerCall: 1,
  samplesPerSecond: 1,
}

test('a training that could not be compiled warns once, with the reason', () => {
  expect(warningsOf(resultWith(eager))).toEqual([
    { code: 'trained-eagerly', message: expect.stringContaining('Foo has an attribute') },
  ])
})

test('a short training, a graph and a task without training warn of nothing', () => {
  expect(warningsOf(resultWith({ ...eager, reason: '4 steps', isFallback: false }))).toEqual([])
  expect(warningsOf(resultWith(null))).toEqual([])
})
