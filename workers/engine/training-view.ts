/**
 * What a network and its teacher see of a batch. Without augmentation, the rows as they are, normalized beforehand, and
 * logits that were computed once. With augmentation a row is another one in every step: rows come in raw, are changed,
 * and then normalized for each of the two networks; the teacher answers inside the step.
 */
import type { ResolvedAugmentation } from '../../src/domain/augmentation.ts'
import { addNoise, partnerOf, shiftAndFlip } from './augment.ts'
import { apply } from './forward.ts'
import type { Targets } from './losses/terms.ts'
import type { FittedNormalization } from './normalization.ts'
import { tf } from './tensorflow.ts'
import type { TrainingInput } from './training-input.ts'
import { type Batch, plainView, type View, type ViewOf } from './training-step.ts'

/** Not a division: TensorFlow replaces one by a constant in a graph, and the eager run would differ in the last bit. */
const normalized = (rows: tf.Tensor, normalization: FittedNormalization | null): tf.Tensor =>
  normalization
    ? tf.mul(
        tf.sub(rows, tf.tensor1d(normalization.mean)),
        tf.tensor1d(normalization.standardDeviation.map((deviation) => 1 / deviation)),
      )
    : rows

type Mixed = Pick<View, 'labels'> & {
  readonly rows: tf.Tensor
  readonly mixed: NonNullable<Targets['mixed']> | null
}

function mix(rows: tf.Tensor, { labels, mixShare }: Batch): Mixed {
  if (!mixShare) throw new Error('mixup needs a share for the batch')
  const share = tf.reshape(mixShare, []) as tf.Scalar
  const others = partnerOf(labels)
  return {
    rows: tf.add(tf.mul(rows, share), tf.mul(partnerOf(rows), tf.sub(1, share))),
    mixed: { labels: others, share },
    // The one with the larger part.
    labels: tf.where(tf.greaterEqual(share, 0.5), labels, others),
  }
}

function augmentedView(
  { normalization, teacher }: Pick<TrainingInput, 'normalization' | 'teacher'>,
  augmentation: ResolvedAugmentation,
): ViewOf {
  const { noise, mixup } = augmentation
  return (batch) => {
    const seed = batch.dropoutSeed
    const moved = shiftAndFlip(batch.inputs as tf.Tensor4D, augmentation, seed)
    const { rows, mixed, labels } = mixup
      ? mix(moved, batch)
      : { rows: moved as tf.Tensor, mixed: null, labels: batch.labels }
    const unit = normalization?.standardDeviation ?? null
    // Last, so that its size is what was asked for.
    const seen = noise ? addNoise(rows, noise.standardDeviation, unit, seed) : rows
    const teacherLogits =
      teacher && batch.teacherWeights
        ? apply(teacher.network, batch.teacherWeights, normalized(seen, teacher.normalization), {
            training: false,
          }).logits
        : batch.teacherLogits
    return {
      inputs: normalized(seen, normalization),
      targets: { labels: batch.labels, teacherLogits, mixed },
      labels,
    }
  }
}

export const viewOf = (input: TrainingInput): ViewOf =>
  input.training.augmentation ? augmentedView(input, input.training.augmentation) : plainView

/** What batches are gathered from: rows that will be changed are normalized only afterwards. */
export const batchesFrom = (input: TrainingInput): TrainingInput =>
  input.training.augmentation ? { ...input, normalization: null } : input
