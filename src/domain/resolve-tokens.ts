/** What follows for a job when a network reads token ids. */
import type { Architecture } from './architecture.ts'
import type { Dataset } from './dataset.ts'
import type { IssueList } from './issue-list.ts'
import type { Network } from './network.ts'
import { fewestTokens } from './tokens.ts'

/**
 * Where the size of the first embedding is written, or else the network.
 * @param pointer of the architecture
 */
export function tokensPointer({ layers, keras }: Architecture, pointer: string): string {
  const index = layers?.findIndex(({ type }) => type === 'embedding') ?? -1
  if (index >= 0) return `${pointer}/layers/${index}/inputDim`
  return keras === undefined ? pointer : `${pointer}/keras`
}

/** The profile of a dataset says how large its numbers are; whether they are whole, only the training sees. */
export function checkTokens(
  network: Network | null | undefined,
  { dataset, testSet }: { readonly dataset: Dataset; readonly testSet: Dataset | null },
  pointer: string,
  issues: IssueList,
): void {
  const tokens = network ? fewestTokens(network) : null
  if (tokens === null) return
  const check = (name: string, { minimum, maximum }: Dataset['profile']): void => {
    if (minimum < 0 || maximum >= tokens)
      issues.add(
        pointer,
        'token-out-of-range',
        `the embedding takes ids from 0 to ${tokens - 1}, but ${name} has numbers from ${minimum} to ${maximum}`,
      )
  }
  check('the dataset', dataset.profile)
  if (testSet) check('the test set', testSet.profile)
}

/** Rows are normalized for teacher and student alike, and token ids not at all. */
export function resolveNormalization(
  given: 'standardize' | 'none' | undefined,
  trained: readonly (Network | null)[],
  issues: IssueList,
  notes: string[],
): 'standardize' | 'none' {
  if (trained.every((network) => !network || fewestTokens(network) === null))
    return given ?? 'standardize'
  if (given === 'standardize')
    issues.add(
      '/preprocessing/normalization',
      'option-not-applicable',
      'an embedding reads token ids, which cannot be normalized',
      ['none'],
    )
  if (given === undefined)
    notes.push('/preprocessing/normalization: none, because an embedding reads token ids')
  return 'none'
}
