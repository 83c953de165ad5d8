/** Records a training step for batches of one size. */
import type { Optimizer } from '../optimizers.ts'
import { tf } from '../tensorflow.ts'
import type { TrainingInput } from '../training-input.ts'
import type { TrainingStep } from '../training-step.ts'
import type { NamedArray } from '../weights.ts'
import { type Recording, record } from './record.ts'
import { requireSameProgram } from './same-program.ts'
import { flatten, unflatten } from './state-layout.ts'

/**
 * Inputs of the recording: the state, then features, labels, teacher logits where there are any, the dropout seed, and
 * each rate. Outputs: the state, then the measurements. Recorded twice, on batches with other numbers, to find out
 * what is not a function of the inputs.
 * @throws CannotCompile
 */
export function recordStep(
  input: TrainingInput,
  optimizer: Optimizer,
  trainingStep: TrainingStep,
  start: readonly NamedArray[],
  batchSize: number,
): Recording {
  const { network, initialWeights, data, classes } = input
  const recordings: Recording[] = []
  tf.tidy(() => {
    const state = start.map(({ values, shape }) => tf.tensor(values, [...shape], 'float32'))
    for (const number of [0, 1]) {
      const inputs = tf.fill([batchSize, ...data.shape], number)
      const labels = tf.fill([batchSize], number, 'int32') as tf.Tensor1D
      const teacherLogits = input.teacherLogits
        ? (tf.fill([batchSize, classes], number) as tf.Tensor2D)
        : null
      const dropoutSeed = tf.tensor1d([number, number], 'int32')
      const rates = optimizer.rates(0.5, 1).map(() => tf.scalar(number))
      const targets = teacherLogits ? [labels, teacherLogits] : [labels]
      const recording = record([...state, inputs, ...targets, dropoutSeed, ...rates], () => {
        const result = trainingStep(
          unflatten(initialWeights, network, optimizer, state),
          { inputs, labels, teacherLogits, dropoutSeed },
          rates,
        )
        return [...flatten(initialWeights, network, result.state), result.measurements]
      })
      recordings.push(recording)
    }
  })
  const [first, second] = recordings as [Recording, Recording]
  requireSameProgram(first, second)
  return first
}
