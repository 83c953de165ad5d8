/** What every part of a job is resolved against, and where what is found is written down. */
import type { Architecture } from './architecture.ts'
import type { Dataset } from './dataset.ts'
import type { Evaluation } from './evaluation.ts'
import { type InnerValidation, innerValidation } from './inner-validation.ts'
import type { IssueList } from './issue-list.ts'
import type { KerasReader } from './keras-reader.ts'
import type { Network } from './network.ts'
import { resolveArchitecture } from './resolve-architecture.ts'
import { checkTokens, tokensPointer } from './resolve-tokens.ts'
import type { TrainingSpec } from './training.ts'

export interface Resolving {
  readonly dataset: Dataset
  readonly testSet: Dataset | null
  readonly evaluation: Evaluation
  readonly readKeras: KerasReader
  readonly issues: IssueList
  readonly notes: string[]
}

/** @param pointer of the object that has the architecture */
export function networkFor(
  architecture: Architecture,
  pointer: string,
  { dataset, testSet, readKeras, issues, notes }: Resolving,
): Network | null {
  const place = `${pointer}/architecture`
  const classes = dataset.classNames.length
  const inference = resolveArchitecture(architecture, dataset.inputShape, classes, place, readKeras)
  if ('issues' in inference) {
    issues.found.push(...inference.issues)
    return null
  }
  notes.push(...inference.notes)
  const { network } = inference
  checkTokens(network, { dataset, testSet }, tokensPointer(architecture, place), issues)
  return network
}

/** @param labelledFraction share of the training rows whose label may be used */
export const innerOf = (
  training: TrainingSpec | undefined,
  labelledFraction: number,
  { dataset, evaluation }: Resolving,
): InnerValidation => innerValidation(training, dataset, evaluation.split, labelledFraction)
