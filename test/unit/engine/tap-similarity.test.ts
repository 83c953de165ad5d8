import { afterEach, expect, test } from 'vitest'
import { tapNames } from '../../../src/domain/objective.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { tapSimilarity } from '../../../workers/engine/tap-similarity.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import { data, rows } from './step-outcomes.ts'
import { FEATURE_METHODS, networksFor, placed } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const signal = new AbortController().signal
const heldOut = Uint32Array.from([...Array(data.count).keys()].filter((row) => !rows.includes(row)))

test.each(FEATURE_METHODS)('the layers that %s compares are compared by CKA', async (method) => {
  const networks = networksFor(method)
  const normalization = fitNormalization(data, rows)
  const of = (network: typeof networks.student, seed: number) => ({
    network,
    weights: initialize(network, seed),
    normalization,
  })
  const [student, teacher] = [of(networks.student, 0), of(networks.teacher, 1)]
  const objective = placed([method, 'hard-labels'], networks)
  const taps = objective[0]?.taps
  if (!taps) throw new Error('no taps')
  const found = await tapSimilarity(objective, student, teacher, data, heldOut, signal)
  expect(found.map(({ studentTap }) => studentTap)).toEqual(tapNames(taps.student))
  expect(found.map(({ teacherTap }) => teacherTap)).toEqual(tapNames(taps.teacher))
  for (const { value, rows: measured } of found) {
    expect(measured).toBe(heldOut.length)
    expect(value).toBeGreaterThan(0)
    expect(value).toBeLessThan(1)
  }
  // A network is like itself.
  const own = placed([method], { student: networks.student, teacher: networks.student })
  for (const { value } of await tapSimilarity(own, student, student, data, heldOut, signal))
    expect(value).toBeCloseTo(1, 9)
})

test('of many rows 2,048 are taken from everywhere', async () => {
  const { student: network, teacher } = networksFor('feature-hint')
  const of = (one: typeof network) => ({
    network: one,
    weights: initialize(one, 3),
    normalization: null,
  })
  // The same rows again and again, but the last ones: those of a class, in a sorted dataset.
  const many = Uint32Array.from({ length: 6000 }, (_, index) =>
    index < 3000 ? 0 : 1 + (index % 50),
  )
  const objective = placed(['feature-hint'], { student: network, teacher })
  const [only] = await tapSimilarity(objective, of(network), of(teacher), data, many, signal)
  expect(only?.rows).toBe(2048)
  // Of equal rows alone nothing could be said.
  expect(only?.value).not.toBeNull()
})
