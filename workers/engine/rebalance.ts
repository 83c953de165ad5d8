/**
 * Gives classes that a network was never trained on the share of answers that belongs to them. Soft targets say how much
 * other rows resemble an omitted class, but never that a row is one, so its bias ends too low. Hinton, Vinyals & Dean 2015,
 * section 3, raise it to what suits the test set best; here the training rows decide.
 */
import { finalBias } from '../../src/domain/final-bias.ts'
import type { Network } from '../../src/domain/network.ts'
import type { Rebalancing } from '../trainer-contract.ts'
import type { LabelledRows } from './datasets.ts'
import { InputError } from './input-error.ts'
import type { FittedNormalization } from './normalization.ts'
import { predict } from './predict.ts'
import { answeredWith, raiseBiases } from './raise-biases.ts'
import type { NamedArray } from './weights.ts'

interface Trained {
  readonly network: Network
  readonly weights: readonly NamedArray[]
  readonly data: LabelledRows
  /** Training rows of the fold, those of the omitted classes included; their labels are read for the frequency of these only. */
  readonly rows: Uint32Array
  readonly normalization: FittedNormalization | null
  /** The omitted ones, by index. */
  readonly classes: readonly number[]
}

interface Rebalanced {
  readonly weights: NamedArray[]
  readonly record: Rebalancing[]
}

/** @throws the reason of the signal when aborted; InputError where the network has no bias to raise */
export async function rebalance(trained: Trained, signal: AbortSignal): Promise<Rebalanced> {
  const { network, weights, data, normalization } = trained
  const rows = trained.rows.toSorted()
  const name = finalBias(network)
  const bias = weights.find((weight) => weight.name === name)?.values
  if (!bias) throw new InputError('no-final-bias', 'the network has no bias of its logits')
  const logits = await predict(network, weights, data, rows, normalization, signal)
  const answers = { logits, classes: data.classes }
  const wanted = new Map(
    trained.classes.map((of) => [of, rows.filter((row) => data.labels[row] === of).length]),
  )
  const wished = raiseBiases(answers, wanted)
  // float32, as the weights are stored.
  const raised = bias.map((value, index) => value + (wished[index] as number))
  const shifts = Float64Array.from(raised, (value, index) => value - (bias[index] as number))
  const none = new Float64Array(data.classes)
  const share = (count: number): number => count / rows.length
  return {
    weights: weights.map((weight) =>
      weight.name === name ? { ...weight, values: raised } : weight,
    ),
    record: trained.classes.map((of) => ({
      class: of,
      biasShift: shifts[of] as number,
      targetShare: share(wanted.get(of) ?? 0),
      shareBefore: share(answeredWith(answers, none, of)),
      shareAfter: share(answeredWith(answers, shifts, of)),
    })),
  }
}
