/** The training loop: epochs of shuffled batches through one training step, and what is measured on the way. */
import { setImmediate } from 'node:timers/promises'
import type {
  EpochMetrics,
  Execution,
  SuggestedWeight,
  ValidationRecord,
} from '../trainer-contract.ts'
import { batchesOf, batchStream } from './batch-order.ts'
import { chooseRunner } from './choose-runner.ts'
import { EarlyStopping, type Validation, validationOf } from './early-stopping.ts'
import { EpochSums } from './epoch-sums.ts'
import { FiniteGuard } from './finite-guard.ts'
import { probeMeasurementsOf } from './gradient-probe.ts'
import { measurementsOf } from './measurements.ts'
import { createOptimizer } from './optimizers.ts'
import { Pacing } from './pacing.ts'
import { predict } from './predict.ts'
import { scheduledCount, scheduledNumbers, weightsAt } from './scheduled-terms.ts'
import { learningRateAt, warmup } from './schedules.ts'
import type { StepInput } from './step-runner.ts'
import type { TrainingInput } from './training-input.ts'
import type { NamedArray } from './weights.ts'

export interface TrainingHooks {
  onEpoch(metrics: EpochMetrics): void
  /** Called a few times a second at most. */
  onProgress(epoch: number, step: number): void
}

export interface Trained {
  readonly weights: NamedArray[]
  readonly steps: number
  readonly seconds: number
  readonly execution: Execution
  /** Null without validation rows. */
  readonly validation: ValidationRecord | null
  /** Of each stage; absent where they were not asked for. */
  readonly suggestedWeights?: readonly (readonly SuggestedWeight[])[]
}

/** Between two looks at the event loop, in which messages go out and an abort comes in. */
const BREATH_MS = 50

/** Steps in order, in groups of one batch size: the last batch of an epoch may be a smaller one. */
function* callsOf(steps: Iterable<StepInput>, pacing: Pacing): Generator<StepInput[]> {
  let call: StepInput[] = []
  for (const step of steps) {
    const ended = call.length >= pacing.stepsPerCall || call[0]?.rows.length !== step.rows.length
    if (ended && call.length > 0) {
      yield call
      call = []
    }
    call.push(step)
  }
  if (call.length > 0) yield call
}

/** Each with the one after it, which is there early. */
function* withNext<Item>(items: Iterable<Item>): Generator<[Item, Item | null]> {
  let held: Item | null = null
  for (const item of items) {
    if (held !== null) yield [held, item]
    held = item
  }
  if (held !== null) yield [held, null]
}

/**
 * Trains a network. The result follows from the input alone: on one machine and number of threads, to the last bit.
 * @throws InputError `non-finite-loss` when a term or the gradient stops being finite, soon after the step in which it happened
 * @throws the reason of the signal when aborted, within a call
 */
export async function train(
  input: TrainingInput,
  hooks: TrainingHooks,
  signal: AbortSignal,
): Promise<Trained> {
  signal.throwIfAborted()
  const { objective, rows } = input
  const { epochs, batchSize, optimizer: optimizerSpec, schedule, warmupEpochs } = input.training
  const optimizer = createOptimizer(optimizerSpec)
  const stepsPerEpoch = Math.ceil(rows.length / batchSize)
  const begin = performance.now()
  const { runner: chosen, reason, isFallback } = chooseRunner(input, optimizer)
  using runner = chosen
  const pacing = new Pacing(runner.bytesPerStep, runner.stepsPerCall)
  const guard = new FiniteGuard(objective)
  const isScheduled = scheduledCount(objective) > 0
  const isKnown = (row: number): boolean => (input.labels[row] as number) >= 0
  let lastBreath = begin
  let step = 0
  let learningRate = 0
  const { validationRows } = input
  const stopping =
    validationRows && input.training.earlyStopping
      ? new EarlyStopping(input.training.earlyStopping)
      : null
  const validationLabels =
    validationRows && Int32Array.from(validationRows, (row) => input.labels[row] as number)
  const validate = async (weights: readonly NamedArray[]): Promise<Validation | null> => {
    if (!validationRows || !validationLabels) return null
    const { network, data, normalization, classes } = input
    const logits = await predict(network, weights, data, validationRows, normalization, signal)
    return validationOf(logits, validationLabels, classes)
  }
  let best: NamedArray[] | null = null
  let epochsRun = 0
  // Batches, dropout and counting go on as if there had been no end in between; the optimizer begins.
  const epochsBefore = input.partOf?.epochsBefore ?? 0
  const stepsBefore = epochsBefore * stepsPerEpoch
  const random = batchStream(input.seeds.batches, rows, epochsBefore)
  const stepsOf = function* (): Generator<StepInput> {
    let next = step
    for (const batch of batchesOf(rows, batchSize, random)) {
      const position = { step: next, stepsPerEpoch, epochs }
      learningRate =
        learningRateAt(schedule, optimizerSpec.learningRate, position) *
        warmup(warmupEpochs, position)
      const scheduled = isScheduled ? scheduledNumbers(objective, next / stepsPerEpoch) : null
      next++
      const rates = optimizer.rates(learningRate, next)
      yield { rows: batch, step: stepsBefore + next, rates, ...(scheduled ? { scheduled } : {}) }
    }
  }
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const epochBegin = performance.now()
    let sums: EpochSums | null = null
    for (const [call, next] of withNext(callsOf(stepsOf(), pacing))) {
      if (sums === null) {
        const first = call[0] as StepInput
        const probe = probeMeasurementsOf(runner.probe(first), objective.length)
        guard.checkGradients(epochsBefore + epoch, first.step, probe)
        sums = new EpochSums(objective, probe)
      }
      if (next) runner.prepare(next)
      const callBegin = performance.now()
      const measurements = runner.run(call)
      pacing.observe(call.length, performance.now() - callBegin)
      step += call.length
      for (const [index, one] of call.entries()) {
        const measured = measurementsOf(measurements, index, objective.length)
        guard.check(epochsBefore + epoch, one.step, measured)
        const weights = weightsAt(objective, (one.step - stepsBefore - 1) / stepsPerEpoch)
        const labelledRows = one.rows.reduce((count, row) => count + (isKnown(row) ? 1 : 0), 0)
        sums.add({ ...measured, weights, rows: one.rows.length, labelledRows })
      }
      if (performance.now() - lastBreath > BREATH_MS) {
        hooks.onProgress(epochsBefore + epoch - 1, stepsBefore + step)
        await setImmediate()
        lastBreath = performance.now()
      }
      signal.throwIfAborted()
    }
    const current = validationRows ? runner.weights() : null
    const validation = current && (await validate(current))
    hooks.onEpoch({
      epoch: epochsBefore + epoch,
      step: stepsBefore + step,
      learningRate,
      ...(sums as EpochSums).means(),
      validationLoss: validation?.loss ?? null,
      validationAccuracy: validation?.accuracy ?? null,
      seconds: (performance.now() - epochBegin) / 1000,
    })
    epochsRun = epoch
    if (!stopping || !validation) continue
    const { isBest, isOver } = stopping.observe(epoch, validation)
    if (isBest && input.training.earlyStopping?.restoreBest) best = current
    if (isOver) break
  }
  const trained = best ?? runner.weights()
  guard.checkWeights(trained)
  const seconds = (performance.now() - begin) / 1000
  return {
    weights: trained,
    steps: step,
    seconds,
    execution: {
      mode: runner.mode,
      compiler: runner.compiler,
      reason,
      isFallback,
      stepsPerCall: pacing.stepsPerCall,
      samplesPerSecond: (epochsRun * rows.length) / seconds,
    },
    validation: validationRows
      ? {
          rows: validationRows.length,
          epochs: epochsRun,
          stoppedEpoch: epochsRun < epochs ? epochsRun : null,
          bestEpoch: stopping && stopping.bestEpoch > 0 ? stopping.bestEpoch : null,
          takenEpoch: best && stopping ? stopping.bestEpoch : epochsRun,
        }
      : null,
  }
}
