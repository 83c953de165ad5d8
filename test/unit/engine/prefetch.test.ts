import { expect, test } from 'vitest'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { fedBatches } from '../../../workers/engine/compile/fed-data.ts'
import { Prefetch } from '../../../workers/engine/compile/prefetch.ts'
import { gatherFeatures } from '../../../workers/engine/gather.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { compiled, data, inputOf, outcome } from './step-outcomes.ts'
import { rowNumbers } from './support.ts'

const shared = {
  ...data,
  values: new Float32Array(new SharedArrayBuffer(data.values.byteLength)),
}
shared.values.set(data.values)
const normalization = fitNormalization(data, rowNumbers(data.count))

test('rows that another thread gathers are those that this one would', () => {
  const prefetch = Prefetch.of(shared, normalization)
  const calls = [Uint32Array.of(7, 3, 59), Uint32Array.of(0), Uint32Array.of(1, 1, 2, 30, 31)]
  for (const [index, rows] of calls.entries()) {
    prefetch?.begin(rows)
    // The one before is taken while this one is gathered.
    const before = calls[index - 1]
    if (before) expect(prefetch?.take(before)).toEqual(gatherFeatures(data, before, normalization))
  }
  expect(prefetch?.take(Uint32Array.of(9))).toBeNull()
  const last = calls.at(-1) as Uint32Array
  expect(prefetch?.take(last)).toEqual(gatherFeatures(data, last, normalization))
  expect(prefetch?.take(last)).toBeNull()
  prefetch?.close()
})

test('data that are not shared are gathered where they are', () => {
  expect(Prefetch.of(data, normalization)).toBeNull()
})

test('a training on prefetched batches is bitwise the one on resident data', () => {
  const input = inputOf()
  const fed = inputOf({ data: shared, normalization: input.normalization })
  let taken = 0
  const want = outcome(compiled, input)
  const got = outcome((given) => {
    const source = fedBatches(given)
    const runner = compiledRunner(given, createOptimizer(given.training.optimizer), {
      source,
      xla: null,
    })
    // Each call is announced before the one ahead of it runs; here: before itself.
    return {
      ...runner,
      run(steps) {
        runner.prepare(steps)
        taken++
        return runner.run(steps)
      },
      [Symbol.dispose]: () => runner[Symbol.dispose](),
    }
  }, fed)
  expect(taken).toBeGreaterThan(2)
  expect(got).toEqual(want)
})
