/** Losses that are a sum of named parts. */
import type { tf } from '../tensorflow.ts'

/** All tensors belong to the caller. */
export interface LossInParts<Part extends string> {
  /** What a student is trained on. */
  readonly value: tf.Scalar
  /** What `value` is made of, before the weights between the parts: shown, so that those can be chosen. */
  readonly components: Readonly<Record<Part, tf.Scalar>>
}
