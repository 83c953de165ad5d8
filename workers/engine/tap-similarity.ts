/** How alike student and teacher are, after the training, in the layers that terms compared. */
import { elements, type Network, outputShape } from '../../src/domain/network.ts'
import { type ResolvedTerm, tapNames } from '../../src/domain/objective.ts'
import { networkUpTo } from '../../src/domain/tap-points.ts'
import { comparableRows, type Features, linearCka } from '../evaluation/metrics/linear-cka.ts'
import type { TapSimilarity } from '../trainer-contract.ts'
import type { LabelledRows } from './datasets.ts'
import { predict } from './predict.ts'
import type { TeacherNetwork } from './training-input.ts'
import { matchWeights } from './weights.ts'

const MOST_ROWS = 2048

type Pair = Pick<TapSimilarity, 'studentTap' | 'teacherTap'>

/** Each pair once, in the order of the terms. */
function pairsOf(objective: readonly ResolvedTerm[]): Pair[] {
  const pairs = new Map<string, Pair>()
  for (const { taps } of objective) {
    if (!taps) continue
    const teacherTaps = tapNames(taps.teacher)
    for (const [at, studentTap] of tapNames(taps.student).entries()) {
      const pair = { studentTap, teacherTap: teacherTaps[at] as string }
      pairs.set(JSON.stringify(pair), pair)
    }
  }
  return [...pairs.values()]
}

/** At equal distances, because rows may be sorted by class. */
const spread = (rows: Uint32Array, count: number): Uint32Array =>
  Uint32Array.from(
    { length: count },
    (_, index) => rows[Math.floor((index * rows.length) / count)] as number,
  )

const widthAt = (network: Network, tap: string): number =>
  elements(outputShape(networkUpTo(network, tap)))

/**
 * @param student with its weights after the training
 * @param rows    of `data` that neither network was trained on; 2,048 at most are looked at, fewer where layers are wide
 * @throws the reason of the signal when aborted
 */
export async function tapSimilarity(
  objective: readonly ResolvedTerm[],
  student: TeacherNetwork,
  teacher: TeacherNetwork,
  data: LabelledRows,
  rows: Uint32Array,
  signal: AbortSignal,
): Promise<TapSimilarity[]> {
  const featuresOf = async (
    { network, weights, normalization }: TeacherNetwork,
    tap: string,
    chosen: Uint32Array,
  ): Promise<Features> => {
    const part = networkUpTo(network, tap)
    const arrays = matchWeights(part, weights)
    const values = await predict(part, arrays, data, chosen, normalization, signal)
    return { values, width: widthAt(network, tap) }
  }
  const similarities: TapSimilarity[] = []
  for (const pair of pairsOf(objective)) {
    const { studentTap, teacherTap } = pair
    const widths = widthAt(student.network, studentTap) + widthAt(teacher.network, teacherTap)
    const count = Math.min(MOST_ROWS, rows.length, comparableRows(widths))
    const chosen = spread(rows, count)
    const own = await featuresOf(student, studentTap, chosen)
    const other = await featuresOf(teacher, teacherTap, chosen)
    similarities.push({ ...pair, rows: count, value: linearCka(own, other) })
  }
  return similarities
}
