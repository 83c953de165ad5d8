/**
 * The contrastive loss inside a step: draws the other rows, looks up what is remembered of them, and remembers anew. All of it
 * is a function of state, batch and seed, so that it is the same as a graph.
 */
import { putRows, statelessUniform, takeRows } from '../native-ops.ts'
import type { LiveTermOf } from '../scheduled-terms.ts'
import { tf } from '../tensorflow.ts'
import { contrastive, type Memories } from './contrastive.ts'
import type { Given } from './given.ts'
import { insertAxis } from './primitives/insert-axis.ts'
import { unit } from './primitives/length.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/**
 * `[batch, 1 + n]` int32: each row itself, then n others, drawn with replacement, all equally likely.
 * @param positions `[batch]` int32
 * @param rows      of the memories, at least 2
 */
export function drawCandidates(
  positions: tf.Tensor1D,
  negatives: number,
  rows: number,
  seed: tf.Tensor1D,
): tf.Tensor2D {
  const own = insertAxis(positions, 1)
  const uniform = statelessUniform([positions.size, negatives], seed)
  const drawn = tf.cast(tf.floor(tf.mul(uniform, rows - 1)), 'int32')
  // One of the rows − 1 others: those from the row itself on move up by one.
  const others = tf.add(drawn, tf.cast(tf.greaterEqual(drawn, own), 'int32'))
  return tf.concat([own, others], 1) as tf.Tensor2D
}

/** log (N · mean exp(score)), with the largest score taken out first. */
const logNormalizerOf = (scores: tf.Tensor2D, rows: number): tf.Scalar =>
  tf.add(tf.logSumExp(scores), Math.log(rows / scores.size)) as tf.Scalar

/** Draws what is remembered of the rows of a batch towards their embeddings, and back to length 1. */
function moved(
  memory: tf.Tensor2D,
  positions: tf.Tensor1D,
  embeddings: tf.Tensor,
  momentum: number,
): tf.Tensor {
  const before = takeRows(memory, positions)
  const now = unit(stopGradient(embeddings))
  const mixed = tf.add(tf.mul(before, momentum), tf.mul(now, 1 - momentum))
  return putRows(memory, positions, unit(mixed))
}

/**
 * `contrastive.ts` with memories that are state. The normalizers are those of the first batch. Memories of the rows of
 * the batch move after the loss has read them: m ← unit(momentum · m + (1 − momentum) · unit(embedding)).
 */
export function contrastiveByMemory(given: Given, term: LiveTermOf<'contrastive'>): tf.Scalar {
  const { negatives, momentum } = term
  if (negatives === null) throw new Error('the number of negatives is not known')
  const [student, teacher] = given.embeddings
  const memories = {
    student: given.memory('student'),
    teacher: given.memory('teacher'),
  } as Memories
  const { positions } = given
  const rows = memories.student.shape[0]
  const candidates = drawCandidates(positions, negatives, rows, given.seed)
  const [ofStudent, ofTeacher, isKnown] = tf.unstack(given.memory('normalizers')) as [
    tf.Scalar,
    tf.Scalar,
    tf.Scalar,
  ]
  const known = { student: ofStudent, teacher: ofTeacher }
  const normalizers: Record<'student' | 'teacher', tf.Scalar> = { ...known }
  const isNew = tf.sub(1, isKnown)
  const { value } = contrastive(student, teacher, memories, candidates, term, (scores, anchor) => {
    const first = logNormalizerOf(scores, rows)
    // Exact, because one of the factors is 0 and the other 1.
    const log = tf.add(tf.mul(known[anchor], isKnown), tf.mul(first, isNew)) as tf.Scalar
    normalizers[anchor] = tf.keep(log)
    return log
  })
  const { student: own, teacher: other } = normalizers
  given.remember('normalizers', tf.stack([own, other, tf.onesLike(isKnown)]))
  tf.dispose([own, other])
  given.remember('student', moved(memories.student, positions, student, momentum))
  given.remember('teacher', moved(memories.teacher, positions, teacher, momentum))
  return value
}
