/**
 * Contrastive representation distillation, CRD (Tian et al. 2020): given the student's embedding of a row, tell the
 * teacher's embedding of the same row from those of n others, and the other way round. Both embeddings are trained linear
 * maps of the networks' features, so this is the one loss whose teacher side has a gradient: for its map, never for
 * the network behind.
 */
import { takeRows } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import type { LossInParts } from './loss-in-parts.ts'
import { insertAxis } from './primitives/insert-axis.ts'
import { unit } from './primitives/length.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature } from './primitives/temperature.ts'

export interface ContrastiveOptions {
  /** Above 0. */
  readonly temperature: Temperature
  /** Added to the sum of the two probabilities. */
  readonly eps: number
}

/**
 * log Z of a direction: of N times the mean of exp(score) over the first batch, then constant.
 * @param scores `[batch, 1 + n]`, divided by the temperature, without gradient
 * @param anchor whose embeddings are the anchors
 */
export type LogNormalizer = (
  scores: tf.Tensor2D,
  anchor: 'student' | 'teacher',
) => number | tf.Scalar

/** Embeddings of all N training rows as they were last seen, `[N, width]`, rows of length 1. */
export interface Memories {
  readonly student: tf.Tensor2D
  readonly teacher: tf.Tensor2D
}

/**
 * `[batch, 1 + n]`: cosines of each anchor with its candidates, divided by the temperature.
 * @param anchors    `[batch, width]`, length 1
 * @param candidates `[batch, 1 + n, width]`
 */
function scoresOf(
  anchors: tf.Tensor,
  candidates: tf.Tensor,
  temperature: Temperature,
): tf.Tensor2D {
  const [batch = 1, all = 1] = candidates.shape
  const cosines = tf.matMul(candidates, insertAxis(anchors, 2))
  return softened(tf.reshape(cosines, [batch, all]) as tf.Tensor2D, temperature)
}

/**
 * Noise-contrastive estimation for one direction.
 * @param scores `[batch, 1 + n]`, the right one first
 */
function estimate(
  scores: tf.Tensor2D,
  logNormalizer: number | tf.Scalar,
  eps: number,
  rows: number,
): tf.Scalar {
  const [batch, all] = scores.shape
  const noise = (all - 1) / rows
  // log of (exp(score) / Z) / (c + eps)
  const logOdds = tf.sub(tf.sub(scores, logNormalizer), Math.log(noise + eps))
  const right = tf.softplus(tf.neg(tf.slice(logOdds, [0, 0], [batch, 1])))
  const wrong = tf.softplus(tf.slice(logOdds, [0, 1], [batch, all - 1]))
  const perWrong = Math.log(noise + eps) - Math.log(noise)
  const total = tf.mul(tf.add(tf.sum(right), tf.sum(wrong)), 1 / batch)
  return tf.add(total, (all - 1) * perWrong) as tf.Scalar
}

/**
 * L = h(student) + h(teacher). With P_j = exp(⟨x, m_j⟩ / T) / Z for candidate j out of the other network's memory, and
 * c = n / N, the noise of n draws out of N rows,
 * h = −mean_b [log P_0 / (P_0 + c + eps) + Σ_{j=1…n} log c / (P_j + c + eps)].
 *
 * A binary classifier for each candidate: is it the row itself or one of n drawn at random. The more are drawn, the tighter
 * the bound of the mutual information. Z makes P a probability; the rule of the authors is to estimate it from the first
 * batch and keep it. Memories stand in for embeddings of rows that are not in the batch; they are constants here, and the
 * caller moves them on after the step (momentum 0.5 in the paper).
 *
 * Numerics: everything is softplus of log-odds, log P − log(c + eps); exp(1 / T) for T = 0.01 is not a float32.
 * Drawing the negatives on the host, per step, keeps the loss a function of its inputs.
 *
 * Defaults T = 0.07, eps = 1e-7; authors: width 128, n = 16384, weight 0.8. `relational.ts` needs no memory.
 *
 * @param student  `[batch, width]`, the student's embedding; brought to length 1 here
 * @param teacher  `[batch, width]`, the teacher's, with gradient
 * @param memories no gradient
 * @param indices  `[batch, 1 + n]` int32, rows of the memories: the row itself first, then n others
 * @param logNormalizer is asked once for each direction
 * @returns `student_anchor` and `teacher_anchor`, the two h; not 0 at equality
 * @see arXiv:1910.10699, equation 18
 */
export const contrastive = (
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  memories: Memories,
  indices: tf.Tensor2D,
  { temperature, eps }: ContrastiveOptions,
  logNormalizer: LogNormalizer,
): LossInParts<'student_anchor' | 'teacher_anchor'> =>
  tf.tidy(() => {
    const rows = memories.student.shape[0]
    const direction = (
      embeddings: tf.Tensor,
      memory: tf.Tensor2D,
      anchor: 'student' | 'teacher',
    ): tf.Scalar => {
      const candidates = stopGradient(takeRows(memory, indices))
      const scores = scoresOf(unit(embeddings), candidates, temperature)
      return estimate(scores, logNormalizer(stopGradient(scores), anchor), eps, rows)
    }
    const ours = direction(student, memories.teacher, 'student')
    const theirs = direction(teacher, memories.student, 'teacher')
    const value = tf.add(ours, theirs) as tf.Scalar
    return { value, components: { student_anchor: ours, teacher_anchor: theirs } }
  })
