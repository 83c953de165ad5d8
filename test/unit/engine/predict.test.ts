import { afterEach, expect, test } from 'vitest'
import { apply } from '../../../workers/engine/forward.ts'
import { gatherFeatures } from '../../../workers/engine/gather.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { allRows, predict } from '../../../workers/engine/predict.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize, upload } from '../../../workers/engine/weights.ts'
import { BRANCHES, EVERY_LAYER, MORE_LAYERS, networkOf, randomRows, rowNumbers } from './support.ts'

const SHAPE = [5, 5, 2]
/** Above four batches of 1024, with some rows left: answered by a graph. */
const ROWS = 4 * 1024 + 77
const data = randomRows(ROWS, SHAPE, 3)
const signal = new AbortController().signal

afterEach(() => expect(tf.memory().numTensors).toBe(0))

test.each([
  ['every layer', EVERY_LAYER],
  ['more layers', MORE_LAYERS],
  ['branches', BRANCHES],
])('a net with %s answers many rows as it answers them op by op', async (_, layers) => {
  const network = networkOf(SHAPE, layers)
  const arrays = initialize(network, 1)
  const normalization = fitNormalization(data, rowNumbers(100))
  const got = await predict(network, arrays, data, allRows(data), normalization, signal)
  const want = tf.tidy(() => {
    const inputs = tf.tensor(gatherFeatures(data, allRows(data), normalization), [ROWS, ...SHAPE])
    return apply(network, upload(arrays), inputs, { training: false }).logits.dataSync()
  })
  expect(got.length).toBe(ROWS * 3)
  const scale = Math.max(...want.map(Math.abs))
  for (const [index, value] of want.entries())
    expect(Math.abs((got[index] as number) - value)).toBeLessThan(1e-5 * scale)
})

test('the answer to a row does not depend on the rows that it is asked with', async () => {
  const network = networkOf(SHAPE, EVERY_LAYER)
  const arrays = initialize(network, 2)
  const all = await predict(network, arrays, data, allRows(data), null, signal)
  const last = await predict(network, arrays, data, Uint32Array.of(ROWS - 1), null, signal)
  for (const [column, value] of last.entries())
    expect(all[(ROWS - 1) * 3 + column]).toBeCloseTo(value, 5)
})

test('a prediction of many rows stops when it is aborted', async () => {
  const network = networkOf(SHAPE, EVERY_LAYER)
  const controller = new AbortController()
  const running = predict(
    network,
    initialize(network, 1),
    data,
    allRows(data),
    null,
    controller.signal,
  )
  controller.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
})
