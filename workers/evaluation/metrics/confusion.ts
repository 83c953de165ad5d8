/** Which classes are taken for which. */
import {
  type Confusion,
  LISTED_CONFUSIONS,
  MATRIX_CLASSES,
} from '../../../src/domain/report/pooled.ts'
import type { RowScores } from './row-scores.ts'

/**
 * Rows by (label, prediction), as `sklearn.metrics.confusion_matrix(labels, predictions, labels=range(classes))`, and
 * the most frequent mistakes; of equally frequent ones the lower label, then the lower prediction, comes first.
 */
export function confusion({ labels, predictions, classes }: RowScores): Confusion {
  const pairs = new Map<number, number>()
  for (const [row, label] of labels.entries()) {
    const pair = label * classes + (predictions[row] as number)
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
  }
  const mostConfused = [...pairs]
    .map(([pair, count]) => ({
      label: Math.floor(pair / classes),
      predicted: pair % classes,
      count,
    }))
    .filter(({ label, predicted }) => label !== predicted)
    .toSorted((a, b) => b.count - a.count || a.label - b.label || a.predicted - b.predicted)
    .slice(0, LISTED_CONFUSIONS)
  const indices = Array.from({ length: classes }, (_, index) => index)
  return {
    counts:
      classes > MATRIX_CLASSES
        ? null
        : indices.map((label) => indices.map((said) => pairs.get(label * classes + said) ?? 0)),
    mostConfused,
  }
}
