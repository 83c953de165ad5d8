/** Token ids in the rows of a dataset, which an embedding looks up. */
import type { Network } from '../../src/domain/network.ts'
import { fewestTokens } from '../../src/domain/tokens.ts'
import type { Rows } from './datasets.ts'
import { InputError } from './input-error.ts'

/** @throws InputError when the network has an embedding and a feature is no whole number that its table has a row for */
export function checkTokens(network: Network, { values, width }: Rows): void {
  const tokens = fewestTokens(network)
  if (tokens === null) return
  const index = values.findIndex(
    (value) => !(Number.isInteger(value) && value >= 0 && value < tokens),
  )
  if (index >= 0)
    throw new InputError(
      'token-out-of-range',
      `row ${Math.floor(index / width)}, feature ${index % width} is ${values[index]}, but the embedding takes whole numbers from 0 to ${tokens - 1}`,
    )
}
