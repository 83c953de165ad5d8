/** The networks whose step is compared; `peers/nets_torch.py` and `peers/step_jax.py` have the same ones. */
import type { Architecture } from '../src/domain/architecture.ts'

export const CLASSES = 10
/** Rows of the data that batches are picked from. */
export const ROWS = 8192
/** A long training, as the ones that speed matters for. */
export const EPOCHS = 200

export interface Net {
  readonly name: string
  readonly architecture: Architecture
  readonly shape: readonly number[]
  readonly batchSize: number
}

export const NETS: readonly Net[] = [
  {
    name: '784-64-10',
    architecture: { preset: 'mlp', hiddenUnits: [64] },
    shape: [784],
    batchSize: 128,
  },
  {
    name: '784-800-800-10',
    architecture: { preset: 'mlp', hiddenUnits: [800, 800] },
    shape: [784],
    batchSize: 128,
  },
  {
    name: 'conv32-conv64-pool-128-10',
    architecture: {
      layers: [
        { type: 'conv2d', filters: 32, kernelSize: 3, activation: 'relu' },
        { type: 'conv2d', filters: 64, kernelSize: 3, activation: 'relu' },
        { type: 'maxPooling2d', poolSize: 2 },
        { type: 'flatten' },
        { type: 'dense', units: 128, activation: 'relu' },
        { type: 'dense', units: CLASSES },
      ],
    },
    shape: [28, 28, 1],
    batchSize: 64,
  },
  {
    name: 'resnet8',
    architecture: { preset: 'resnet8' },
    shape: [32, 32, 3],
    batchSize: 64,
  },
  {
    name: 'mobilenet-tiny',
    architecture: { preset: 'mobilenet-tiny' },
    shape: [32, 32, 3],
    batchSize: 64,
  },
]
