/** Records what is made of weights and a batch of one size: a training step before the optimizer, or a probe. */
import { scheduledCount } from '../scheduled-terms.ts'
import { tf } from '../tensorflow.ts'
import { remembersRows, type TrainingInput } from '../training-input.ts'
import type { Batch, GradientsOf } from '../training-step.ts'
import { upload, type Weights, weightNames } from '../weights.ts'
import { type Recording, record } from './record.ts'
import { requireSameProgram } from './same-program.ts'

/** What a step gives: gradients of the trainable weights, those of projectors last, new moving averages, new memories, measurements. */
export const outputsOfStep =
  (input: TrainingInput, gradientsOf: GradientsOf) =>
  (weights: Weights, batch: Batch): tf.Tensor[] => {
    const { gradients, updates, measurements } = gradientsOf(weights, batch)
    const { movingAverages } = weightNames(input.network)
    const moved = [...movingAverages, ...(input.memories ?? []).map(({ name }) => name)]
    return [...gradients, ...moved.map((name) => updates[name] as tf.Tensor), measurements]
  }

/**
 * Inputs of the recording: the weights and memories, then features, labels, teacher logits and positions where there are any, the dropout seed, the
 * share of mixup, scheduled numbers of terms, the weights of a teacher that answers inside the step, and the constants of terms; weights in
 * network order. Recorded twice, on batches with other numbers, to find out what is not a function of the inputs.
 * @param outputsOf what is wanted of them
 * @throws CannotCompile
 */
export function recordStep(
  input: TrainingInput,
  outputsOf: (weights: Weights, batch: Batch) => readonly tf.Tensor[],
  batchSize: number,
): Recording {
  const { initialWeights, data, classes, projectors = [], memories = [] } = input
  const recordings: Recording[] = []
  tf.tidy(() => {
    const weights = Object.fromEntries(
      [...initialWeights, ...projectors, ...memories].map(({ name, shape, values }) => [
        name,
        tf.tensor(values, [...shape], 'float32'),
      ]),
    )
    const teacher = input.teacher && upload(input.teacher.weights)
    const constants = upload(input.constants ?? [])
    const numbers = scheduledCount(input.objective)
    const mixes = input.training.augmentation?.mixup
    for (const number of [0, 1]) {
      const inputs = tf.fill([batchSize, ...data.shape], number)
      const labels = tf.fill([batchSize], number, 'int32') as tf.Tensor1D
      const teacherLogits = input.teacherLogits
        ? (tf.fill([batchSize, classes], number) as tf.Tensor2D)
        : null
      const dropoutSeed = tf.tensor1d([number, number], 'int32')
      const positions = remembersRows(input)
        ? (tf.fill([batchSize], number, 'int32') as tf.Tensor1D)
        : null
      const targets = [labels, teacherLogits, positions].filter((one) => one !== null)
      const mixShare = mixes ? tf.tensor1d([number]) : null
      const scheduled = numbers > 0 ? (tf.fill([numbers], number) as tf.Tensor1D) : null
      const given = [
        ...Object.values(weights),
        inputs,
        ...targets,
        dropoutSeed,
        ...(mixShare ? [mixShare] : []),
        ...(scheduled ? [scheduled] : []),
        ...Object.values(teacher ?? {}),
        ...Object.values(constants),
      ]
      const recording = record(given, () =>
        outputsOf(weights, {
          inputs,
          labels,
          teacherLogits,
          ...(positions ? { positions } : {}),
          dropoutSeed,
          ...(mixShare ? { mixShare } : {}),
          ...(scheduled ? { scheduled } : {}),
          ...(teacher ? { teacherWeights: teacher } : {}),
          constants,
        }),
      )
      recordings.push(recording)
    }
  })
  const [first, second] = recordings as [Recording, Recording]
  requireSameProgram(first, second)
  return first
}
