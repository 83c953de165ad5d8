/** The training loop: epochs of shuffled batches through one training step, and what is measured on the way. */
import { setImmediate } from 'node:timers/promises'
import type { Network } from '../../src/domain/network.ts'
import { METHODS, type ResolvedTerm } from '../../src/domain/objective.ts'
import type { Training } from '../../src/domain/training.ts'
import type { EpochMetrics } from '../trainer-contract.ts'
import type { Rows } from './datasets.ts'
import { gatherFeatures, gatherRows } from './gather.ts'
import { InputError } from './input-error.ts'
import type { FittedNormalization } from './normalization.ts'
import { createOptimizer } from './optimizers.ts'
import { type RandomStream, randomStream, shuffle } from './random.ts'
import { learningRateAt, warmup } from './schedules.ts'
import { tf } from './tensorflow.ts'
import {
  type Batch,
  createTrainingStep,
  disposeState,
  initialState,
  type TrainingState,
} from './training-step.ts'
import { download, type NamedArray, upload } from './weights.ts'

/** Everything a training depends on. */
export interface TrainingInput {
  readonly network: Network
  readonly objective: readonly ResolvedTerm[]
  readonly training: Training
  readonly initialWeights: readonly NamedArray[]
  readonly data: Rows
  /** The rows of `data` to train on. */
  readonly rows: Uint32Array
  readonly normalization: FittedNormalization | null
  /** Of every row of `data`; −1 where it must not be used. */
  readonly labels: Int32Array
  /** `[data.count, classes]`, or null where no term needs it. */
  readonly teacherLogits: Float32Array | null
  readonly classes: number
  /** Of the batch order and of dropout. */
  readonly seeds: { readonly batches: number; readonly dropout: number }
}

export interface TrainingHooks {
  onEpoch(metrics: EpochMetrics): void
  /** Called a few times a second at most. */
  onProgress(epoch: number, step: number): void
}

export interface Trained {
  readonly weights: NamedArray[]
  readonly steps: number
  readonly seconds: number
}

/** Between two looks at the event loop, in which messages go out and an abort comes in. */
const BREATH_MS = 100
/** Steps whose measurements stay on the device before they are read. */
const MAX_UNREAD_STEPS = 1024

interface StepRecord {
  /** From 1, over the whole training. */
  readonly step: number
  readonly rows: number
  readonly labelledRows: number
  readonly measurements: tf.Tensor1D
}

/** Sums over the steps of one epoch, in float64. */
class EpochSums {
  readonly #objective: readonly ResolvedTerm[]
  readonly #termSums: Float64Array
  readonly #termRows: Float64Array
  #correct = 0
  #labelledRows = 0

  constructor(objective: readonly ResolvedTerm[]) {
    this.#objective = objective
    this.#termSums = new Float64Array(objective.length)
    this.#termRows = new Float64Array(objective.length)
  }

  /** Reads the measurements of some steps in one go and frees them. */
  add(records: readonly StepRecord[], epoch: number): void {
    if (records.length === 0) return
    const width = this.#objective.length + 1
    const stacked = tf.stack(records.map(({ measurements }) => measurements))
    const values = stacked.dataSync()
    stacked.dispose()
    for (const [index, { step, rows, labelledRows, measurements }] of records.entries()) {
      measurements.dispose()
      for (const [term, { method }] of this.#objective.entries()) {
        const value = values[index * width + term] as number
        if (!Number.isFinite(value))
          throw new InputError(
            'non-finite-loss',
            `the ${method} loss became ${value} in epoch ${epoch}, step ${step}: lower the learning rate, or normalize the inputs`,
          )
        // The mean of a term over an epoch runs over the rows that the term sees.
        const seen = METHODS[method].needsLabels ? labelledRows : rows
        this.#termSums[term] = (this.#termSums[term] as number) + value * seen
        this.#termRows[term] = (this.#termRows[term] as number) + seen
      }
      this.#correct += values[index * width + width - 1] as number
      this.#labelledRows += labelledRows
    }
  }

  means(): Pick<EpochMetrics, 'loss' | 'terms' | 'trainAccuracy'> {
    const terms = this.#objective.map(
      (_, term) => (this.#termSums[term] ?? 0) / Math.max(1, this.#termRows[term] ?? 0),
    )
    return {
      loss: this.#objective.reduce((sum, { weight }, term) => sum + weight * (terms[term] ?? 0), 0),
      terms,
      trainAccuracy: this.#labelledRows > 0 ? this.#correct / this.#labelledRows : null,
    }
  }
}

function uploadBatch(input: TrainingInput, rows: Uint32Array, step: number) {
  const { data, classes, teacherLogits, seeds } = input
  const labels = Int32Array.from(rows, (row) => input.labels[row] as number)
  const batch: Batch = {
    inputs: tf.tensor(
      gatherFeatures(data, rows, input.normalization),
      [rows.length, ...data.shape],
      'float32',
    ),
    labels: tf.tensor1d(labels, 'int32'),
    teacherLogits: teacherLogits
      ? tf.tensor2d(gatherRows(teacherLogits, classes, rows), [rows.length, classes], 'float32')
      : null,
    dropoutSeed: tf.tensor1d(Int32Array.of(seeds.dropout, step), 'int32'),
  }
  return { batch, labelledRows: labels.filter((label) => label >= 0).length }
}

function* batchesOf(
  rows: Uint32Array,
  batchSize: number,
  random: RandomStream,
): Generator<Uint32Array> {
  const order = rows.slice()
  shuffle(order, random)
  for (let start = 0; start < order.length; start += batchSize)
    yield order.subarray(start, start + batchSize)
}

/**
 * Trains a network. The result follows from the input alone: on one machine and number of threads, to the last bit.
 * @throws InputError `non-finite-loss` when a term stops being a number, at the end of the epoch in which it happened
 * @throws the reason of the signal when aborted, within a step
 */
export async function train(
  input: TrainingInput,
  hooks: TrainingHooks,
  signal: AbortSignal,
): Promise<Trained> {
  const { network, objective, rows } = input
  const { epochs, batchSize, optimizer: optimizerSpec, schedule, warmupEpochs } = input.training
  const optimizer = createOptimizer(optimizerSpec)
  const trainingStep = createTrainingStep(network, objective, optimizer, input.training.clipNorm)
  const stepsPerEpoch = Math.ceil(rows.length / batchSize)
  const random = randomStream(input.seeds.batches)
  const begin = performance.now()
  let lastBreath = begin
  let state: TrainingState = initialState(network, upload(input.initialWeights), optimizer)
  let unread: StepRecord[] = []
  let step = 0
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const epochBegin = performance.now()
      const sums = new EpochSums(objective)
      let learningRate = 0
      for (const batchRows of batchesOf(rows, batchSize, random)) {
        const position = { step, stepsPerEpoch, epochs }
        learningRate =
          learningRateAt(schedule, optimizerSpec.learningRate, position) *
          warmup(warmupEpochs, position)
        step++
        const { batch, labelledRows } = uploadBatch(input, batchRows, step)
        const rates = optimizer.rates(learningRate, step).map((rate) => tf.scalar(rate, 'float32'))
        const result = trainingStep(state, batch, rates)
        disposeState(state, result.state)
        tf.dispose([batch as unknown as tf.TensorContainer, rates])
        state = result.state
        unread.push({
          step,
          rows: batchRows.length,
          labelledRows,
          measurements: result.measurements,
        })
        if (unread.length === MAX_UNREAD_STEPS) {
          sums.add(unread, epoch)
          unread = []
        }
        if (performance.now() - lastBreath > BREATH_MS) {
          hooks.onProgress(epoch - 1, step)
          await setImmediate()
          lastBreath = performance.now()
        }
        signal.throwIfAborted()
      }
      sums.add(unread, epoch)
      unread = []
      hooks.onEpoch({
        epoch,
        step,
        learningRate,
        ...sums.means(),
        seconds: (performance.now() - epochBegin) / 1000,
      })
    }
    const weights = download(network, state.weights)
    return { weights, steps: step, seconds: (performance.now() - begin) / 1000 }
  } finally {
    disposeState(state)
    for (const { measurements } of unread) measurements.dispose()
  }
}
