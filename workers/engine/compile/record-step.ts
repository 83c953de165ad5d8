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
  const state = start.map(({ values, shape }) => tf.tensor(values, [...shape], 'float32'))
  const recordOn = (number: number): Recording => {
    const inputs = tf.fill([batchSize, ...data.shape], number)
    const labels = tf.fill([batchSize], number, 'int32') as tf.Tensor1D
    const teacher = input.teacherLogits
      ? (tf.fill([batchSize, classes], number) as tf.Tensor2D)
      : null
    const dropoutSeed = tf.tensor1d([number, number], 'int32')
    const rates = optimizer.rates(0.5, 1).map(() => tf.scalar(number))
    const given = [inputs, labels, ...(teacher ? [teacher] : []), dropoutSeed, ...rates]
    try {
      return record([...state, ...given], () => {
        const result = trainingStep(
          unflatten(initialWeights, network, optimizer, state),
          { inputs, labels, teacherLogits: teacher, dropoutSeed },
          rates,
        )
        return [...flatten(initialWeights, network, result.state), result.measurements]
      })
    } finally {
      tf.dispose(given)
    }
  }
  try {
    const recording = recordOn(0)
    requireSameProgram(recording, recordOn(1))
    return recording
  } finally {
    tf.dispose(state)
  }
}
