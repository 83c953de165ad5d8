import { afterAll, expect, test } from 'vitest'
import { threadsFor } from '../../../workers/engine-threads.ts'
import { inferred, trainingOf } from './support.ts'
import { taskFiles } from './task-files.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())

/** A training on many rows of a vector. */
function taskOf(hiddenUnits: number[], inputs: number, batchSize: number) {
  const network = inferred({ preset: 'mlp', hiddenUnits }, [inputs], 10)
  const dataset = { ...files.dataset, rows: 60_000, inputShape: [inputs] }
  return files.task({ network, dataset, training: trainingOf({ batchSize, epochs: 1 }) })
}

test('small steps take one thread, large ones all that there are', () => {
  expect(threadsFor(taskOf([16], 64, 64), 8)).toBe(1)
  expect(threadsFor(taskOf([64], 784, 128), 8)).toBe(1)
  expect(threadsFor(taskOf([800, 800], 784, 128), 8)).toBe(8)
  expect(threadsFor(taskOf([64], 784, 4096), 8)).toBe(8)
})

test('a step that XLA makes one program of is shared earlier', () => {
  const long = (task: ReturnType<typeof taskOf>, batchSize: number) => ({
    ...task,
    training: trainingOf({ batchSize, epochs: 100 }),
  })
  expect(threadsFor(long(taskOf([64], 784, 128), 128), 8)).toBe(8)
  expect(threadsFor(long(taskOf([16], 64, 64), 64), 8)).toBe(1)
})

test('a convolution counts at every position', () => {
  const shape = [28, 28, 1]
  const network = inferred(
    { layers: [{ type: 'conv2d', filters: 32, kernelSize: 5 }, { type: 'flatten' }] },
    shape,
    24 * 24 * 32,
  )
  const of = (batchSize: number) =>
    files.task({
      network,
      dataset: { ...files.dataset, rows: 60_000 },
      training: trainingOf({ batchSize }),
    })
  // 5 · 5 · 32 at 24 · 24 positions, three passes: 1 382 400 a row.
  expect(threadsFor(of(72), 2)).toBe(1)
  expect(threadsFor(of(73), 2)).toBe(2)
})

test('a batch is never more than the rows there are', () => {
  const small = taskOf([64], 784, 4096)
  expect(threadsFor({ ...small, dataset: { ...small.dataset, rows: 100 } }, 8)).toBe(1)
})
