import { expect, test } from 'vitest'
import { classMeans } from '../../../../workers/engine/losses/primitives/class-means.ts'
import { heatMap } from '../../../../workers/engine/losses/primitives/heat-map.ts'
import { unit } from '../../../../workers/engine/losses/primitives/length.ts'
import { marginsOfBatchNorm } from '../../../../workers/engine/losses/primitives/margins.ts'
import { sobel } from '../../../../workers/engine/losses/primitives/sobel.ts'
import { poolTo } from '../../../../workers/engine/losses/primitives/spatial.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import {
  expectAllClose,
  flat,
  GIVEN_FILE,
  type GoldenPrimitive,
  OWN_FILE,
  tensors,
} from './golden-file.ts'

function compute({ id, inputs, options }: GoldenPrimitive): tf.Tensor {
  const given = tensors(inputs)
  const of = <T extends tf.Tensor>(name: string): T => {
    if (!given[name]) throw new Error(`${id} has no input ${name}`)
    return given[name] as T
  }
  const { height = 0, width = 0, classes = 0, spread = 0 } = options
  const name = id.replace(/^primitive\//, '')
  if (name.startsWith('pool-')) return poolTo(of('feature'), height, width)
  switch (name) {
    case 'unit-rows':
      return unit(of('x'))
    case 'sobel': {
      const { x, y } = sobel(of('plane'))
      return tf.concat([x, y], 0)
    }
    case 'heat-map': {
      const [rows, columns] = tf.split(tf.transpose(of<tf.Tensor2D>('points')), 2) as tf.Tensor2D[]
      if (!rows || !columns) throw new Error(`${id} has no points`)
      const present = tf.onesLike(rows).toFloat() as tf.Tensor2D
      return heatMap({ rows, columns, present }, height, width, spread)
    }
    case 'class-means':
      return classMeans(of('features'), of('labels'), classes)
    case 'margin-from-batch-norm':
      return marginsOfBatchNorm(of('scale'), of('shift'))
    default:
      throw new Error(`there is no primitive ${id}`)
  }
}

test.each(GIVEN_FILE.primitives)('$id agrees with the reference', (item) => {
  expectAllClose(compute(item).dataSync(), flat(item.output), 1e-5, 1e-6, item.id)
})

test('the reference has pooling, directions, edges, heat maps, class means and margins', () => {
  expect(OWN_FILE.primitives.length).toBeGreaterThanOrEqual(9)
})
