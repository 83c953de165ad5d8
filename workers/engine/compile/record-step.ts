/** Records what a training step does before the optimizer, for batches of one size. */
import { tf } from '../tensorflow.ts'
import { remembersRows, type TrainingInput } from '../training-input.ts'
import type { GradientsOf } from '../training-step.ts'
import { upload, weightNames } from '../weights.ts'
import { type Recording, record } from './record.ts'
import { requireSameProgram } from './same-program.ts'

/**
 * Inputs of the recording: the weights and memories, then features, labels, teacher logits and positions where there are any, the dropout seed, the
 * share of mixup, the weights of a teacher that answers inside the step, and the constants of terms.
 * Outputs: gradients of the trainable weights, those of projectors last, new moving averages, new memories, and the measurements; weights and
 * averages in network order. Recorded twice, on batches with other numbers, to find out what is not a function of the inputs.
 * @throws CannotCompile
 */
export function recordStep(
  input: TrainingInput,
  gradientsOf: GradientsOf,
  batchSize: number,
): Recording {
  const { network, initialWeights, data, classes, projectors = [], memories = [] } = input
  const { movingAverages } = weightNames(network)
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
      const given = [
        ...Object.values(weights),
        inputs,
        ...targets,
        dropoutSeed,
        ...(mixShare ? [mixShare] : []),
        ...Object.values(teacher ?? {}),
        ...Object.values(constants),
      ]
      const recording = record(given, () => {
        const { gradients, updates, measurements } = gradientsOf(weights, {
          inputs,
          labels,
          teacherLogits,
          ...(positions ? { positions } : {}),
          dropoutSeed,
          ...(mixShare ? { mixShare } : {}),
          ...(teacher ? { teacherWeights: teacher } : {}),
          constants,
        })
        const moved = [...movingAverages, ...memories.map(({ name }) => name)]
        return [...gradients, ...moved.map((name) => updates[name] as tf.Tensor), measurements]
      })
      recordings.push(recording)
    }
  })
  const [first, second] = recordings as [Recording, Recording]
  requireSameProgram(first, second)
  return first
}
