/**
 * Factor transfer, FT (Kim et al. 2018): the teacher's features are put into its own words first, by an encoder that was
 * trained to reconstruct them (the paraphraser); the student has an encoder too (the translator). This is the loss between
 * the two factors; training a paraphraser is a stage of its own.
 */
import { tf } from '../tensorflow.ts'
import { unit } from './primitives/length.ts'
import { absolute } from './primitives/piecewise.ts'
import { asRows, toComparable } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/**
 * L = mean over all entries of |v_s/‖v_s‖ − v_t/‖v_t‖|, v the factor of a row as one vector.
 *
 * Lengths are taken out, so the factors may have different scales. The absolute value, p = 1 in the paper, which also tries
 * 2: it does not fade near equality. Its derivative at equality is taken as 0. An entry of a vector of length 1 is small,
 * about 1 / √entries, hence the usual weight of 200.
 *
 * Code that normalizes the mean over channels of F^p under this name computes another loss, close to
 * `attention-transfer.ts`. Without paraphraser and translator it compares the features themselves: then
 * `feature-hint.ts` with its projector is the better understood choice.
 *
 * @param student the translator's output, `[batch, height, width, channels]` or `[batch, units]`
 * @param teacher the paraphraser's, with the same channels; a larger map is average-pooled to the size of the smaller
 * @returns scalar in [0, 2 / √entries]; 0 where the factors have one direction
 * @see arXiv:1802.04977, section 3
 */
export const factorTransfer = (student: tf.Tensor, teacher: tf.Tensor): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toComparable(student, stopGradient(teacher))
    const difference = tf.sub(unit(asRows(ours)), unit(asRows(theirs)))
    return tf.mean(absolute(difference)) as tf.Scalar
  })
