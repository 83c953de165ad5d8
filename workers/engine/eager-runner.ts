/** Runs each step op by op: slower than a graph, and right for every step that tfjs can run. */
import { gatherFeatures, gatherRows } from './gather.ts'
import { createProbe } from './gradient-probe.ts'
import { measurementCount } from './measurements.ts'
import { mixShare } from './mix-share.ts'
import type { Optimizer } from './optimizers.ts'
import type { StepInput, StepRunner } from './step-runner.ts'
import { tf } from './tensorflow.ts'
import { remembersRows, type TrainingInput, trainingPositions } from './training-input.ts'
import {
  type Batch,
  createTrainingStep,
  disposeState,
  initialState,
  type TrainingState,
} from './training-step.ts'
import { batchesFrom, viewOf } from './training-view.ts'
import { download, upload } from './weights.ts'

function uploadBatch(
  input: TrainingInput,
  { rows, step, scheduled }: StepInput,
  positions: Int32Array | null,
): Batch {
  const { mixup } = input.training.augmentation ?? {}
  const { data, classes, teacherLogits, seeds } = input
  return {
    inputs: tf.tensor(
      gatherFeatures(data, rows, input.normalization),
      [rows.length, ...data.shape],
      'float32',
    ),
    labels: tf.tensor1d(
      Int32Array.from(rows, (row) => input.labels[row] as number),
      'int32',
    ),
    teacherLogits: teacherLogits
      ? tf.tensor2d(gatherRows(teacherLogits, classes, rows), [rows.length, classes], 'float32')
      : null,
    ...(positions
      ? {
          positions: tf.tensor1d(
            Int32Array.from(rows, (row) => positions[row] as number),
            'int32',
          ),
        }
      : {}),
    dropoutSeed: tf.tensor1d(Int32Array.of(seeds.dropout, step), 'int32'),
    ...(mixup ? { mixShare: tf.tensor1d([mixShare(mixup.alpha, seeds.dropout, step)]) } : {}),
    ...(scheduled ? { scheduled: tf.tensor1d([...scheduled], 'float32') } : {}),
  }
}

export function eagerRunner(input: TrainingInput, optimizer: Optimizer): StepRunner {
  const { network, projectors = [], memories = [] } = input
  const projectorNames = projectors.map(({ name }) => name)
  const trainingStep = createTrainingStep(
    network,
    input.objective,
    optimizer,
    input.training.clipNorm,
    viewOf(input),
    projectorNames,
  )
  const probe = createProbe(network, input.objective, viewOf(input), projectorNames)
  const source = batchesFrom(input)
  const positions = remembersRows(input) ? trainingPositions(input) : null
  const teacherWeights = input.teacher && upload(input.teacher.weights)
  const constants = upload(input.constants ?? [])
  let state: TrainingState = initialState(
    network,
    upload([...input.initialWeights, ...projectors, ...memories]),
    optimizer,
    projectorNames,
  )

  const withBatch = <Result>(step: StepInput, use: (batch: Batch) => Result): Result => {
    const batch = uploadBatch(source, step, positions)
    const result = use({ ...batch, ...(teacherWeights ? { teacherWeights } : {}), constants })
    tf.dispose(batch as unknown as tf.TensorContainer)
    return result
  }
  const runOne = (step: StepInput): tf.Tensor1D => {
    const rates = step.rates.map((rate) => tf.scalar(rate, 'float32'))
    const result = withBatch(step, (batch) => trainingStep(state, batch, rates))
    disposeState(state, result.state)
    tf.dispose(rates)
    state = result.state
    return result.measurements
  }
  return {
    mode: 'eager',
    compiler: null,
    stepsPerCall: null,
    bytesPerStep: 4 * measurementCount(input.objective.length),
    prepare: () => undefined,
    run(steps) {
      const measurements = steps.map(runOne)
      const stacked = tf.stack(measurements)
      const values = stacked.dataSync() as Float32Array
      tf.dispose([stacked, measurements])
      return values
    },
    probe(step) {
      const row = withBatch(step, (batch) => probe(state.weights, batch))
      const values = row.dataSync() as Float32Array
      row.dispose()
      return values
    },
    weights: () => download(network, state.weights),
    [Symbol.dispose]() {
      disposeState(state)
      tf.dispose([teacherWeights ?? {}, constants] as tf.TensorContainer)
    },
  }
}
