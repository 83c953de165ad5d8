/**
 * What a network and its teacher see of a batch. Without augmentation, the rows as they are, normalized beforehand, and
 * logits that were computed once, unless the teacher's layers are compared: then it answers inside the step.
 * With augmentation a row is another one in every step: rows come in raw, are changed, and then normalized for each of
 * the two networks; so they are where the networks are normalized in different ways.
 */
import type { ResolvedAugmentation } from '../../src/domain/augmentation.ts'
import { addNoise, partnerOf, shiftAndFlip } from './augment.ts'
import { apply } from './forward.ts'
import type { Targets } from './losses/given.ts'
import { headFrom } from './losses/term-weights.ts'
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

type Networks = Pick<TrainingInput, 'normalization' | 'teacher'>

/** @param seen rows as the teacher takes them */
function answers(
  { teacher }: Networks,
  batch: Batch,
  seen: () => tf.Tensor,
): Pick<Targets, 'teacherLogits' | 'teacherOutputs' | 'teacherHead'> {
  const { teacherWeights, teacherLogits } = batch
  if (!teacher || !teacherWeights) return { teacherLogits }
  const { logits, outputs } = apply(teacher.network, teacherWeights, seen(), { training: false })
  const teacherHead = headFrom(teacher.network, teacherWeights)
  return { teacherLogits: logits, teacherOutputs: outputs, teacherHead }
}

function augmentedView(networks: Networks, augmentation: ResolvedAugmentation): ViewOf {
  const { normalization, teacher } = networks
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
    return {
      inputs: normalized(seen, normalization),
      targets: {
        labels: batch.labels,
        ...answers(networks, batch, () => normalized(seen, teacher?.normalization ?? null)),
        mixed,
      },
      labels,
    }
  }
}

const sameNumbers = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index])

function sameNormalization(a: FittedNormalization | null, b: FittedNormalization | null): boolean {
  if (!a || !b) return a === b
  return sameNumbers(a.mean, b.mean) && sameNumbers(a.standardDeviation, b.standardDeviation)
}

/** Whether student and teacher take the same numbers. */
const isShared = ({ normalization, teacher }: Networks): boolean =>
  !teacher || sameNormalization(normalization, teacher.normalization)

/** Rows as they are, and a teacher that answers inside the step. */
const taughtView =
  (networks: Networks): ViewOf =>
  (batch) => {
    const { inputs: rows, labels } = batch
    const { normalization, teacher } = networks
    const shared = isShared(networks)
    return {
      inputs: shared ? rows : normalized(rows, normalization),
      targets: {
        labels,
        ...answers(networks, batch, () =>
          shared ? rows : normalized(rows, teacher?.normalization ?? null),
        ),
      },
      labels,
    }
  }

/** What the teacher gives, and as one vector what is to be said about it. */
function reconstructingView({ teacher }: Networks): ViewOf {
  return ({ inputs: rows, labels, teacherWeights }) => {
    if (!teacher || !teacherWeights) throw new Error('there is no teacher to give back')
    const { logits: inputs } = apply(teacher.network, teacherWeights, rows, { training: false })
    const [batch = 0] = inputs.shape
    const teacherLogits = tf.reshape(inputs, [batch, inputs.size / batch]) as tf.Tensor2D
    return { inputs, targets: { labels, teacherLogits }, labels }
  }
}

export function viewOf(input: TrainingInput): ViewOf {
  const { augmentation } = input.training
  if (input.reconstructsTeacher) return reconstructingView(input)
  if (augmentation) return augmentedView(input, augmentation)
  return input.teacher ? taughtView(input) : plainView
}

/** What batches are gathered from: rows that will be changed, or are normalized in two ways, are normalized only afterwards. */
export const batchesFrom = (input: TrainingInput): TrainingInput =>
  input.training.augmentation || !isShared(input) ? { ...input, normalization: null } : input
