/**
 * What terms are told before the training about the teacher's features: prototypes of the classes, margins of the
 * channels, an encoder that was fitted to them. Only training rows are looked at, and only labels that the student may use.
 */

import { cardOf } from '../../src/domain/methods/job-methods.ts'
import { elements, type Network, type PlacedLayer, weightName } from '../../src/domain/network.ts'
import { type ResolvedTerm, tapNames } from '../../src/domain/objective.ts'
import { networkUpTo } from '../../src/domain/tap-points.ts'
import { fitParaphraser } from './fit-paraphraser.ts'
import { marginsOfBatchNorm } from './losses/primitives/margins.ts'
import { constantName, paraphraserName } from './losses/term-weights.ts'
import { predict } from './predict.ts'
import { tf } from './tensorflow.ts'
import type { TeacherNetwork, TrainingInput } from './training-input.ts'
import { matchWeights, type NamedArray } from './weights.ts'

/** Of which features are held at a time. */
const ROWS_AT_ONCE = 4096

type Told = Pick<TrainingInput, 'data' | 'rows' | 'labels' | 'classes'>

/** Features of the teacher at a tap, some rows at a time. */
async function* featuresOf(
  { network, weights, normalization }: TeacherNetwork,
  tap: string,
  { data, rows }: Told,
  signal: AbortSignal,
): AsyncGenerator<{ rows: Uint32Array; features: Float32Array }> {
  const part: Network = networkUpTo(network, tap)
  const arrays = matchWeights(part, weights)
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    const chosen = rows.subarray(start, start + ROWS_AT_ONCE)
    const features = await predict(part, arrays, data, chosen, normalization, signal)
    yield { rows: chosen, features }
  }
}

/** `[classes, width]`: means over the rows with a label, in float64; zeros for a class without. */
async function prototypesOf(
  teacher: TeacherNetwork,
  tap: string,
  told: Told,
  signal: AbortSignal,
): Promise<Omit<NamedArray, 'name'>> {
  const width = elements(networkUpTo(teacher.network, tap).layers.at(-1)?.outputShape ?? [])
  const sums = new Float64Array(told.classes * width)
  const counts = new Float64Array(told.classes)
  for await (const { rows, features } of featuresOf(teacher, tap, told, signal))
    for (const [position, row] of rows.entries()) {
      const label = told.labels[row] as number
      if (label < 0) continue
      counts[label] = (counts[label] as number) + 1
      for (let unit = 0; unit < width; unit++) {
        const at = label * width + unit
        sums[at] = (sums[at] as number) + (features[position * width + unit] as number)
      }
    }
  const values = Float32Array.from(sums, (sum, at) => {
    const count = counts[Math.floor(at / width)] as number
    return count === 0 ? 0 : sum / count
  })
  return { shape: [told.classes, width], values }
}

function batchNormMargins({ name }: PlacedLayer, { weights }: TeacherNetwork): Float32Array {
  const find = (weight: 'gamma' | 'beta'): Float32Array => {
    const found = weights.find((array) => array.name === weightName(name, weight))
    if (!found) throw new Error(`no weight called ${weightName(name, weight)}`)
    return found.values
  }
  return tf.tidy(
    () =>
      marginsOfBatchNorm(
        tf.tensor1d(find('gamma')),
        tf.tensor1d(find('beta')),
      ).dataSync() as Float32Array,
  )
}

/**
 * `[channels]`: how negative the teacher's responses are on average where they are negative. After a batch normalization
 * this follows from its weights (see `losses/overhaul.ts`); elsewhere it is measured, and 0 for a channel that never is.
 */
async function marginsOf(
  teacher: TeacherNetwork,
  tap: string,
  told: Told,
  signal: AbortSignal,
): Promise<Omit<NamedArray, 'name'>> {
  const last = networkUpTo(teacher.network, tap).layers.at(-1)
  const channels = last?.outputShape.at(-1) ?? 1
  if (last?.layer.type === 'batchNormalization')
    return { shape: [channels], values: batchNormMargins(last, teacher) }
  const sums = new Float64Array(channels)
  const counts = new Float64Array(channels)
  for await (const { features } of featuresOf(teacher, tap, told, signal))
    for (const [at, value] of features.entries())
      if (value < 0) {
        sums[at % channels] = (sums[at % channels] as number) + value
        counts[at % channels] = (counts[at % channels] as number) + 1
      }
  const values = Float32Array.from(sums, (sum, at) => sum / Math.max(1, counts[at] as number))
  return { shape: [channels], values }
}

/**
 * @param told the training rows of the fold, and labels, −1 where they must not be used
 * @throws the reason of the signal when aborted
 */
export async function termConstants(
  objective: readonly ResolvedTerm[],
  teacher: TeacherNetwork,
  told: Told,
  signal: AbortSignal,
): Promise<NamedArray[]> {
  const constants: NamedArray[] = []
  for (const [index, term] of objective.entries()) {
    const { method, taps } = term
    const tap = taps && tapNames(taps.teacher)[0]
    if (tap === undefined) continue
    const { needs } = cardOf(method)
    if (needs.includes('prototypes'))
      constants.push({
        name: constantName(index, 'prototypes'),
        ...(await prototypesOf(teacher, tap, told, signal)),
      })
    if (needs.includes('margins'))
      constants.push({
        name: constantName(index, 'margins'),
        ...(await marginsOf(teacher, tap, told, signal)),
      })
    if (term.method === 'factor-transfer')
      for (const weight of await fitParaphraser(term, tap, teacher, told, signal))
        constants.push({ ...weight, name: constantName(index, paraphraserName(weight.name)) })
  }
  return constants
}
