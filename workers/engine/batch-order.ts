/** The order in which a training sees its rows. */
import { type RandomStream, randomStream, shuffle } from './random.ts'

/**
 * Gives the order of the next epoch.
 * @param epochsBefore epochs that another training of the same rows had
 */
export function batchStream(seed: number, rows: Uint32Array, epochsBefore: number): RandomStream {
  const random = randomStream(seed)
  for (let epoch = 0; epoch < epochsBefore; epoch++) shuffle(rows.slice(), random)
  return random
}

/** The batches of the next epoch; the last one takes what is left. */
export function* batchesOf(
  rows: Uint32Array,
  batchSize: number,
  random: RandomStream,
): Generator<Uint32Array> {
  const order = rows.slice()
  shuffle(order, random)
  for (let start = 0; start < order.length; start += batchSize)
    yield order.subarray(start, start + batchSize)
}
