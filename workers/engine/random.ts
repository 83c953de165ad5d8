/** Random arrays, from the streams that splits are drawn from too. Nothing here depends on TensorFlow. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import type { RandomStream } from '../../src/splits/random.ts'

export { deriveSeed, type RandomStream, randomStream, shuffle } from '../../src/splits/random.ts'

/** Draws float32 values uniformly from `[-limit, limit)`. */
export function uniform(count: number, limit: number, random: RandomStream): Float32Array {
  const values = new Float32Array(count)
  for (let index = 0; index < count; index++)
    values[index] = (2 * uniformFloat64(random) - 1) * limit
  return values
}
