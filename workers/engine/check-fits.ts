/** Whether a network and a dataset are made for each other. */
import { type Network, outputShape } from '../../src/domain/network.ts'
import type { DatasetFiles } from '../trainer-contract.ts'
import { type LabelledRows, readDataset } from './datasets.ts'
import { InputError } from './input-error.ts'
import { checkTokens } from './tokens.ts'

/** @throws InputError when the rows or the classes differ */
export function checkFits(network: Network, { inputShape, classes }: DatasetFiles): void {
  const [given, wanted] = [network.inputShape.join(', '), inputShape.join(', ')]
  if (given !== wanted)
    throw new InputError(
      'network-does-not-fit',
      `the network takes rows of [${given}] but the dataset has rows of [${wanted}]`,
    )
  const output = outputShape(network).join(', ')
  if (output !== String(classes))
    throw new InputError(
      'network-does-not-fit',
      `the network gives [${output}] but the dataset has ${classes} classes`,
    )
}

/** @throws InputError when the rows are not what the network takes */
export async function readRows(network: Network, files: DatasetFiles): Promise<LabelledRows> {
  const data = await readDataset(files)
  checkTokens(network, data)
  return data
}
