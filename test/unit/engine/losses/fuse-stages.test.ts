import { expect, test } from 'vitest'
import { fuseStages } from '../../../../workers/engine/losses/primitives/fuse-stages.ts'
import { enlargeTo } from '../../../../workers/engine/losses/primitives/spatial.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import { fixture, readJson } from '../support.ts'
import { expectAllClose } from './golden-file.ts'

interface Stored {
  readonly shape: number[]
  readonly values: number[]
}
interface StageFixture {
  readonly map: Stored
  readonly mapGradient: Stored
  readonly weights: Record<string, Stored>
  readonly gradients: Record<string, Stored>
  readonly fused: Stored
}
const { stages } = readJson(fixture('engine/fusion.json')) as { stages: StageFixture[] }

const tensor = ({ shape, values }: Stored): tf.Tensor => tf.tensor(values, shape, 'float32')

test('stages are fused, and gradients flow through the fusion, as by PyTorch', () => {
  tf.tidy(() => {
    const maps = stages.map(({ map }) => tensor(map) as tf.Tensor4D)
    const weights = stages.map((stage) => Object.entries(stage.weights))
    const flat = weights.flatMap((entries) => entries.map(([, value]) => tensor(value)))
    const run = (given: readonly tf.Tensor[]): tf.Tensor4D[] => {
      const own = given.slice(0, maps.length) as tf.Tensor4D[]
      let next = maps.length
      const named = weights.map((entries) =>
        Object.fromEntries(entries.map(([name]) => [name, given[next++] as tf.Tensor])),
      )
      return fuseStages(own, (stage) => (name) => {
        const found = named[stage]?.[name]
        if (!found) throw new Error(`stage ${stage} has no ${name}`)
        return found
      })
    }
    for (const [at, fused] of run([...maps, ...flat]).entries()) {
      const want = stages[at]?.fused as Stored
      expect(fused.shape).toEqual(want.shape)
      expectAllClose(fused.dataSync(), want.values, 1e-4, 2e-5, `fused ${at}`)
    }
    const gradients = tf.grads((...given) =>
      tf.addN(run(given).map((one) => tf.sum(tf.pow(one, 3)))),
    )([...maps, ...flat])
    const wanted = [
      ...stages.map(({ mapGradient }) => mapGradient),
      ...weights.flatMap((entries, at) =>
        entries.map(([name]) => stages[at]?.gradients[name] as Stored),
      ),
    ]
    for (const [at, gradient] of gradients.entries()) {
      const { values } = wanted[at] as Stored
      const scale = Math.max(...values.map(Math.abs))
      expectAllClose(gradient.dataSync(), values, 0, 1e-4 * scale + 1e-4, `gradient ${at}`)
    }
  })
  expect(tf.memory().numTensors).toBe(0)
})

test('a map is enlarged by its nearest positions, also where sizes are no multiples', () => {
  tf.tidy(() => {
    const map = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1])
    expect([...enlargeTo(map, 3, 4).dataSync()]).toEqual([1, 1, 2, 3, 1, 1, 2, 3, 4, 4, 5, 6])
  })
})
