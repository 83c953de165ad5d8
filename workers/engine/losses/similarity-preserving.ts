/**
 * Similarity preserving, SP (Tung & Mori 2019): rows that are alike to the teacher shall be alike to the student. Only
 * products between rows are compared, so the features may have any shape. `correlation-congruence.ts` takes the angle
 * alone, `relational.ts` distances and angles of triples, `probabilistic-knowledge-transfer.ts` probabilities.
 */
import { tf } from '../tensorflow.ts'
import { unit } from './primitives/length.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { asRows } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/** `[batch, batch]`: products of rows, each row of them brought to length 1. */
function similarities(features: tf.Tensor): tf.Tensor {
  const rows = asRows(features)
  return unit(tf.matMul(rows, rows, false, true))
}

/**
 * L = mean_{ij} (G_t − G_s)², G = A Aᵀ with rows divided by their lengths, A `[batch, everything else]`.
 *
 * The mean over batch² entries is the paper's ‖·‖_F² / batch². A row of G has length 1, so an entry is about
 * 1 / √batch and the loss about 1 / batch: the usual weight is 3000. The products are not centred and not
 * divided by the lengths of both rows: long rows have a larger say.
 *
 * Some public code divides rows of G by the sum of absolute values instead: another loss. A batch of one has G = 1 and
 * teaches nothing. A row of zeros is similar to none, without gradient.
 *
 * @param student `[batch, …]`
 * @param teacher `[batch, …]`
 * @returns scalar ≥ 0; 0 where the similarities agree, for example after a rotation of the features
 * @see arXiv:1907.09682
 */
export const similarityPreserving = (student: tf.Tensor, teacher: tf.Tensor): tf.Scalar =>
  tf.tidy(() => meanSquare(similarities(student), similarities(stopGradient(teacher))))
