/** How much terms remember, and from how many other rows they tell a row: chosen and checked. */
import type { TermPointer } from './check-objective.ts'
import type { IssueList } from './issue-list.ts'
import type { ResolvedTerm, TermOf } from './objective.ts'
import type { Training } from './training.ts'

interface Circumstances {
  /** The fewest that any training of the job is on, and all. */
  readonly trainedRows: number
  readonly rows: number
  readonly training: Pick<Training, 'batchSize' | 'augmentation'>
  readonly pointerOf: TermPointer
}

type Contrastive = TermOf<'contrastive'>

const BYTES = 4
const MEBIBYTE = 2 ** 20
/** Of other rows, where a client gives no number: more cost more than they bring on small data. */
const USUAL_NEGATIVES = 1024
/** Of what is remembered of the candidates of a batch, looked up once for each network. */
const USUAL_BYTES = 64 * MEBIBYTE
const MOST_BYTES = 256 * MEBIBYTE
/** Of the memories of both networks; a step copies them. */
const MOST_MEMORY_BYTES = 512 * MEBIBYTE

/** How many negatives fit, beside the row itself. */
const fitting = (bytes: number, { width }: Contrastive, batchSize: number): number =>
  Math.floor(bytes / (BYTES * width * batchSize)) - 1

function checked(
  term: Contrastive,
  pointerOf: (field: string) => string,
  { trainedRows, rows, training }: Circumstances,
  issues: IssueList,
): Contrastive {
  const { batchSize } = training
  const largestWidth = Math.floor(MOST_MEMORY_BYTES / (2 * BYTES * rows))
  if (term.width > largestWidth)
    issues.add(
      pointerOf('/width'),
      'memories-too-large',
      `contrastive remembers an embedding of each of ${rows} rows for both networks: at most ${largestWidth} numbers each, not ${term.width}`,
    )
  if (training.augmentation?.mixup)
    issues.add(
      '/training/augmentation/mixup',
      'option-not-applicable',
      'contrastive remembers each row, and mixup makes rows that are none of them: train without mixup, or with another method',
    )
  const most = Math.min(trainedRows - 1, fitting(MOST_BYTES, term, batchSize))
  const negatives =
    term.negatives ??
    Math.max(1, Math.min(USUAL_NEGATIVES, trainedRows - 1, fitting(USUAL_BYTES, term, batchSize)))
  if (negatives > most)
    issues.add(
      pointerOf('/negatives'),
      'too-many-negatives',
      most < 1
        ? `contrastive tells a row from others: of ${trainedRows} training rows, in batches of ${batchSize} with ${term.width} numbers each, there is room for none; take smaller batches or a smaller \`width\``
        : `at most ${most} others, because a training has ${trainedRows} rows and a batch looks up batchSize × (1 + negatives) × width numbers of at most 256 MiB; not ${negatives}`,
    )
  return { ...term, negatives }
}

/** Contrastive terms with a number of negatives; others as they are. */
export const placeMemories = (
  objective: readonly ResolvedTerm[],
  circumstances: Circumstances,
  issues: IssueList,
  notes: string[],
): ResolvedTerm[] =>
  objective.map((term, index) => {
    if (term.method !== 'contrastive') return term
    const pointerOf = (field: string): string => circumstances.pointerOf(index, field)
    const placed = checked(term, pointerOf, circumstances, issues)
    if (term.negatives === null)
      notes.push(
        `${pointerOf('/negatives')}: each row is told from ${placed.negatives} others in each step`,
      )
    return placed
  })
