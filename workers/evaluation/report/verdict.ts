/** Is the student better for its teacher, and is that more than luck? */
import type { Interval } from '../../../src/domain/report/interval.ts'
import type { Pooled } from '../../../src/domain/report/pooled.ts'
import {
  type Comparison,
  SIGNIFICANCE_LEVEL,
  type Significance,
} from '../../../src/domain/report/significance.ts'
import type { Verdict } from '../../../src/domain/report/verdict.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import { verdictSentence } from './verdict-sentence.ts'

/** What is known of a difference in accuracy. */
interface Difference {
  readonly value: number | null
  readonly interval: Interval | null
  readonly test: Verdict['test']
  readonly p: number | null
}

const NOTHING: Difference = { value: null, interval: null, test: null, p: null }

/** One measurement has no spread between folds, but its rows can be counted. */
function differenceIn(comparison: Comparison | undefined, pooled: Pooled): Difference {
  if (!comparison) return NOTHING
  const ofFolds = comparison.correctedT.find(({ metric }) => metric === 'accuracy')
  if (ofFolds && ofFolds.n > 1)
    return {
      value: ofFolds.mean,
      interval: ofFolds.interval,
      test: ofFolds.p === null ? null : 'corrected-resampled-t',
      p: ofFolds.p,
    }
  const { first, second, mcnemar } = comparison
  const [one, other] = [pooled.arms[first], pooled.arms[second]]
  const value =
    one && other ? (one.metrics.accuracy.value ?? 0) - (other.metrics.accuracy.value ?? 0) : null
  const paired = first !== 'distilled' ? null : second === 'control' ? pooled.gain : pooled.loss
  return {
    value,
    interval: paired?.metrics.accuracy.interval ?? null,
    test: 'exact-mcnemar',
    p: mcnemar.p,
  }
}

function outcomeOf(hasControl: boolean, { value, p }: Difference): Verdict['outcome'] {
  if (!hasControl) return 'no-control'
  if (value === null || p === null) return 'not-tested'
  if (p >= SIGNIFICANCE_LEVEL) return 'no-significant-difference'
  return value > 0 ? 'distilled-better' : 'control-better'
}

/**
 * @param pooled     of the parts that were compared
 * @param generalises false where the teacher may have seen what is held out
 */
export function reachVerdict(
  { comparisons }: Significance,
  pooled: Pooled,
  generalises: boolean,
): Verdict {
  const find = (first: ComparedArm, second: ComparedArm): Comparison | undefined =>
    comparisons.find((one) => one.first === first && one.second === second)
  const ofGain = find('distilled', 'control')
  const gain = differenceIn(ofGain, pooled)
  const loss = differenceIn(find('distilled', 'teacher'), pooled)
  const gap = differenceIn(find('teacher', 'control'), pooled)
  const isGap = gap.value !== null && gap.value > 0 && (gap.p ?? 1) < SIGNIFICANCE_LEVEL
  const verdict = {
    outcome: outcomeOf(ofGain !== undefined, gain),
    metric: 'accuracy' as const,
    test: gain.test,
    p: gain.p,
    mcnemarP: ofGain?.mcnemar.p ?? null,
    gain: gain.value,
    gainInterval: gain.interval,
    loss: loss.value,
    lossInterval: loss.interval,
    gapClosed: isGap && gap.value !== null && gain.value !== null ? gain.value / gap.value : null,
    generalises,
  }
  const folds = ofGain?.correctedT[0]?.n ?? 0
  return { ...verdict, sentence: verdictSentence(verdict, folds, pooled.rows) }
}
