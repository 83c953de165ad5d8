/** The verdict as a person would say it. */
import type { Verdict } from '../../../src/domain/report/verdict.ts'
import { intervalInPoints, percent, points, pValue } from './in-words.ts'

type Facts = Omit<Verdict, 'sentence'>

/** What stands in brackets: interval, test, and McNemar beside a test of folds. */
function evidence({ gainInterval, test, p, mcnemarP }: Facts, folds: number, rows: number): string {
  const parts: string[] = []
  if (gainInterval) parts.push(intervalInPoints(gainInterval))
  if (test === 'corrected-resampled-t' && p !== null)
    parts.push(`corrected resampled t over ${folds} folds, ${pValue(p)}`)
  if (mcnemarP !== null)
    parts.push(`exact McNemar on ${rows.toLocaleString('en')} rows, ${pValue(mcnemarP)}`)
  return parts.join('; ')
}

function gainSentence(facts: Facts, folds: number, rows: number): string {
  const gain = facts.gain ?? 0
  const known = evidence(facts, folds, rows)
  switch (facts.outcome) {
    case 'distilled-better':
      return `Distilled beats control by ${points(gain)} of accuracy (${known}).`
    case 'control-better':
      return `Control beats distilled by ${points(gain)} of accuracy: the teacher did harm (distilled minus control: ${known}).`
    case 'no-significant-difference':
      return gain === 0
        ? `Distilled and control are equally accurate (${known}).`
        : `No significant difference: distilled is ${points(gain)} of accuracy ${gain > 0 ? 'above' : 'below'} control, which may be luck (distilled minus control: ${known}).`
    case 'not-tested':
      return `Distilled is ${points(gain)} of accuracy ${gain > 0 ? 'above' : 'below'} control in each of ${folds} folds alike, so its spread between folds is not known and was not tested (${known}).`
    case 'no-control':
      return 'What the teacher brought is not known: no control was trained.'
  }
}

function lossSentence({ loss, lossInterval }: Facts): string {
  if (loss === null) return ''
  const known = lossInterval ? ` (distilled minus teacher: ${intervalInPoints(lossInterval)})` : ''
  if (loss === 0) return ` It is as accurate as its teacher${known}.`
  return ` It is ${points(loss)} ${loss < 0 ? 'below' : 'above'} its teacher${known}.`
}

const gapSentence = ({ gapClosed }: Facts): string =>
  gapClosed === null || gapClosed <= 0
    ? ''
    : ` It closes ${percent(gapClosed)} of the gap between control and teacher.`

const caveat = ({ generalises }: Facts): string =>
  generalises
    ? ''
    : ' The teacher may have seen the rows that were held out, so this is no evidence for new data.'

/**
 * @param folds of all repeats
 * @param rows  different rows behind McNemar's test
 */
export const verdictSentence = (facts: Facts, folds: number, rows: number): string =>
  gainSentence(facts, folds, rows) + lossSentence(facts) + gapSentence(facts) + caveat(facts)
