/**
 * Samples a second of one training step, eagerly and as a graph, in turns, so that a busy machine slows both down.
 * Run alone: `node bench/step.ts [rounds]`. Settings of TensorFlow come from the environment, as for a trainer.
 */
import { availableParallelism, cpus } from 'node:os'
import type { TrainingSpec } from '../src/domain/training.ts'
import { compiledRunner } from '../workers/engine/compile/compiled-runner.ts'
import { eagerRunner } from '../workers/engine/eager-runner.ts'
import { createOptimizer } from '../workers/engine/optimizers.ts'
import { Pacing } from '../workers/engine/pacing.ts'
import type { StepInput, StepRunner } from '../workers/engine/step-runner.ts'
import type { TrainingInput } from '../workers/engine/training-input.ts'
import { median } from './median.ts'
import { CLASSES, type Net } from './nets.ts'
import { trainingInputOf } from './training-input.ts'

const ROWS = 4096
/** Of each runner in each round. */
const ROUND_MS = 1500
const ROUNDS = Number(process.argv[2] ?? 5)

const CASES: readonly Net[] = [
  {
    name: '64-16-10',
    architecture: { preset: 'mlp', hiddenUnits: [16] },
    shape: [64],
    batchSize: 64,
  },
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
  { name: 'lenet 8x8', architecture: { preset: 'lenet' }, shape: [8, 8, 1], batchSize: 64 },
  { name: 'lenet 28x28', architecture: { preset: 'lenet' }, shape: [28, 28, 1], batchSize: 64 },
  {
    name: 'conv-bn 16x16',
    architecture: {
      layers: [
        { type: 'conv2d', filters: 16, kernelSize: 3, padding: 'same', useBias: false },
        { type: 'batchNormalization' },
        { type: 'activation', activation: 'relu' },
        { type: 'conv2d', filters: 32, kernelSize: 3, strides: 2, padding: 'same', useBias: false },
        { type: 'batchNormalization' },
        { type: 'activation', activation: 'relu' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: CLASSES },
      ],
    },
    shape: [16, 16, 3],
    batchSize: 64,
  },
]
const OPTIMIZERS: readonly NonNullable<TrainingSpec['optimizer']>[] = [
  { name: 'sgd', momentum: 0.9 },
  { name: 'adam' },
]

interface Speed {
  readonly perSecond: number
  /** Of processor time: what another load on the machine hardly changes. */
  readonly perCpuSecond: number
}

function measure(runner: StepRunner, input: TrainingInput, pacing: Pacing): Speed {
  const { batchSize, optimizer } = input.training
  const { rates } = createOptimizer(optimizer)
  const batches = Math.floor(ROWS / batchSize)
  let steps = 0
  const begin = performance.now()
  const cpuBegin = process.cpuUsage()
  for (let now = begin; now - begin < ROUND_MS; ) {
    const call = Array.from({ length: pacing.stepsPerCall }, (): StepInput => {
      const start = (steps % batches) * batchSize
      steps++
      return {
        rows: input.rows.subarray(start, start + batchSize),
        step: steps,
        rates: rates(1e-3, steps),
      }
    })
    runner.run(call)
    const after = performance.now()
    pacing.observe(call.length, after - now)
    now = after
  }
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpuBegin)
  const samples = steps * batchSize
  return { perSecond: samples / seconds, perCpuSecond: (1e6 * samples) / (user + system) }
}

const print = (...cells: (string | number)[]): void => {
  process.stdout.write(
    `${cells.map((cell, index) => (index < 2 ? String(cell).padEnd(16) : String(cell).padStart(12))).join('')}\n`,
  )
}

process.stdout.write(
  `${cpus()[0]?.model}, ${availableParallelism()} threads, Node ${process.version}\n`,
)
print(
  'net',
  'optimizer',
  'batch',
  'eager/s',
  'graph/s',
  'ratio',
  'eager/cpu-s',
  'graph/cpu-s',
  'steps/call',
  'compile ms',
)
for (const item of CASES)
  for (const spec of OPTIMIZERS) {
    const input = trainingInputOf(item, { optimizer: spec }, ROWS)
    const optimizer = createOptimizer(input.training.optimizer)
    using eager = eagerRunner(input, optimizer)
    const begin = performance.now()
    using graph = compiledRunner(input, optimizer)
    const first = {
      rows: input.rows.subarray(0, item.batchSize),
      step: 1,
      rates: optimizer.rates(0, 1),
    }
    graph.run([first])
    const compileMs = performance.now() - begin
    const pacings = [new Pacing(eager.bytesPerStep), new Pacing(graph.bytesPerStep)] as const
    const speeds: [Speed[], Speed[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      speeds[0].push(measure(eager, input, pacings[0]))
      speeds[1].push(measure(graph, input, pacings[1]))
    }
    const [eagerly, asGraph] = speeds.map((of) => median(of.map(({ perSecond }) => perSecond))) as [
      number,
      number,
    ]
    const perCpu = speeds.map((of) => median(of.map(({ perCpuSecond }) => perCpuSecond)))
    print(
      item.name,
      spec.name,
      item.batchSize,
      Math.round(eagerly),
      Math.round(asGraph),
      (asGraph / eagerly).toFixed(2),
      ...perCpu.map(Math.round),
      pacings[1].stepsPerCall,
      Math.round(compileMs),
    )
  }
