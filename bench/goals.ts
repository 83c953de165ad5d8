/** What the measurements have to reach, and which do not. */
import type { JobComparison } from './job.ts'
import type { Latency } from './latency.ts'
import type { StepComparison } from './steps.ts'

const EAGER = 'torch eager'
/** Times PyTorch eager, on each net. */
const AGAINST_EAGER = 1.5
const WARM_S = 0.3
const COLD_S = 2
/** Of the wall time of the PyTorch script. */
const JOB_SHARE = 0.7

const rateOf = ({ results }: StepComparison, name: string): number =>
  results.find(({ contestant }) => contestant === name)?.samplesPerSecond ?? Number.NaN

export interface Ratios {
  readonly eager: number
  /** Against the best of the peers. */
  readonly best: number
}

export function ratiosOf(comparison: StepComparison): Ratios {
  const ours = rateOf(comparison, 'distillery')
  const peers = comparison.results.filter(({ contestant }) => contestant !== 'distillery')
  return {
    eager: ours / rateOf(comparison, EAGER),
    best: ours / Math.max(...peers.map(({ samplesPerSecond }) => samplesPerSecond)),
  }
}

export function missedBySteps(comparison: StepComparison): string[] {
  const { eager, best } = ratiosOf(comparison)
  const memory = (name: string): number =>
    comparison.results.find(({ contestant }) => contestant === name)?.peakMemoryBytes ?? Number.NaN
  const missed: string[] = []
  if (!(eager >= AGAINST_EAGER))
    missed.push(`${comparison.net} ${eager.toFixed(2)}x PyTorch eager (${AGAINST_EAGER})`)
  if (!(best >= 1)) missed.push(`${comparison.net} ${best.toFixed(2)}x the best peer (1.00)`)
  if (!(memory('distillery') <= memory(EAGER)))
    missed.push(`${comparison.net} takes more memory than PyTorch`)
  return missed
}

export function missedByLatency({ warmSeconds, coldSeconds }: Latency): string[] {
  const missed: string[] = []
  if (!(warmSeconds <= WARM_S)) missed.push(`first step ${warmSeconds.toFixed(2)} s (${WARM_S})`)
  if (!(coldSeconds <= COLD_S))
    missed.push(`first step, cold, ${coldSeconds.toFixed(2)} s (${COLD_S})`)
  return missed
}

export function missedByJob({ seconds, peerSeconds }: JobComparison): string[] {
  const share = seconds / peerSeconds
  return share <= JOB_SHARE
    ? []
    : [`MNIST job ${share.toFixed(2)}x the script's time (${JOB_SHARE})`]
}
