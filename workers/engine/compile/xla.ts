/**
 * When XLA compiles the loop of steps. It fuses what lies between the matrix products and saves the call of each
 * operation, but compiling takes processor time, and its convolutions on a processor are several times slower than
 * oneDNN's. So: networks without convolutions, and only where the steps to come save more than it costs.
 *
 * The choice follows from network, optimizer and number of steps alone, never from a clock, because the two ways differ
 * in the last bits; nor from the objective, so that control and distilled go the same way.
 */
import { multiplyAdds, PASSES_OF_A_STEP } from '../../../src/domain/cost.ts'
import type { LayerType } from '../../../src/domain/layers.ts'
import type { Network } from '../../../src/domain/network.ts'
import type { Training } from '../../../src/domain/training.ts'

export interface XlaPlan {
  /** Programs have fixed shapes: a call with fewer steps is filled up. */
  readonly stepsPerCall: number
}

/** Whose operations XLA runs at least as fast as TensorFlow does. */
const FAST_LAYERS: ReadonlySet<LayerType> = new Set([
  'dense',
  'flatten',
  'activation',
  'dropout',
  'add',
  'concatenate',
  'batchNormalization',
  'layerNormalization',
])

/** Seconds of processor time that compiling costs, about: 0.6 to 1 measured. */
const COMPILE_S = 1
/** Of a step: calls of operations that a compiled loop does not make. */
const SAVED_S_PER_STEP = 100e-6
/** Of a step, for each multiply-add of a forward pass: intermediate results that are not written and read again. */
const SAVED_S_PER_MULTIPLY_ADD = 2.5e-12
/**
 * What a call should take, at this speed: it copies the state in and out, and is the grain of progress. A trainer that is
 * to stop does not wait for it.
 */
const CALL_S = 0.2
const MULTIPLY_ADDS_PER_S = 100e9
const MAX_STEPS_PER_CALL = 128

/**
 * @param rows that are trained on
 * @returns null where TensorFlow is the better choice
 */
export function planXla(network: Network, training: Training, rows: number): XlaPlan | null {
  // Which network teaches inside the step is not looked at, so that control and distilled go the same way.
  if (training.augmentation) return null
  if (!network.layers.every(({ layer }) => FAST_LAYERS.has(layer.type))) return null
  const { epochs, batchSize } = training
  const wholeBatches = Math.floor(rows / batchSize)
  const work = multiplyAdds(network) * batchSize
  const saved = epochs * wholeBatches * (SAVED_S_PER_STEP + work * SAVED_S_PER_MULTIPLY_ADD)
  if (saved < COMPILE_S) return null
  const stepSeconds = 20e-6 + (PASSES_OF_A_STEP * work) / MULTIPLY_ADDS_PER_S
  const fitting = Math.max(1, Math.floor(CALL_S / stepSeconds))
  return { stepsPerCall: Math.min(fitting, MAX_STEPS_PER_CALL, wholeBatches) }
}
