/** One training step, ours and that of three peers, in turns. */
import { fileURLToPath } from 'node:url'
import { inferNetwork } from '../src/domain/infer-network.ts'
import { resolveTraining } from '../src/domain/training.ts'
import { threadsForSteps } from '../workers/engine-threads.ts'
import { tensorflowEnvironment } from '../workers/tensorflow-environment.ts'
import type { Peers } from './environment.ts'
import { median } from './median.ts'
import { CLASSES, EPOCHS, NETS, type Net, ROWS } from './nets.ts'
import { type Contestant, type Round, Runner } from './protocol.ts'

const THREADS = 2
const ROUND_MS = 1500

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

function threadsOf({ architecture, shape, batchSize }: Net): number {
  const inferred = inferNetwork(architecture, [...shape], CLASSES, '')
  if ('issues' in inferred) throw new Error(JSON.stringify(inferred.issues))
  const training = resolveTraining({ batchSize, epochs: EPOCHS }, ROWS, shape)
  return threadsForSteps(inferred.network, training, ROWS, THREADS)
}

function contestants(net: Net, peers: Peers): Contestant[] {
  const environment = { OMP_NUM_THREADS: String(THREADS), MKL_NUM_THREADS: String(THREADS) }
  const torch = (how: string): Contestant => ({
    name: how === 'eager' ? 'torch eager' : 'torch.compile',
    command: peers.torch,
    args: [here('peers/step_torch.py'), net.name, how],
    environment,
  })
  return [
    {
      name: 'distillery',
      command: process.execPath,
      args: [here('contestant.ts'), net.name],
      environment: tensorflowEnvironment({ threads: threadsOf(net), device: 'cpu' }),
    },
    torch('eager'),
    torch('compile'),
    {
      name: 'jax',
      command: peers.jax,
      args: [here('peers/step_jax.py'), net.name],
      environment,
    },
  ]
}

interface Result {
  readonly contestant: string
  readonly version: string
  readonly note: string
  readonly samplesPerSecond: number
  readonly samplesPerCpuSecond: number
  readonly rounds: readonly number[]
  readonly peakMemoryBytes: number
}

export interface StepComparison {
  readonly net: string
  readonly batchSize: number
  readonly results: readonly Result[]
}

export async function compareSteps(
  net: Net,
  peers: Peers,
  rounds: number,
): Promise<StepComparison> {
  const all = contestants(net, peers)
  const runners: Runner[] = []
  try {
    const ready = []
    // One after the other: compiling takes all processors.
    for (const contestant of all) {
      const runner = new Runner(contestant)
      runners.push(runner)
      ready.push(await runner.ready())
    }
    const measured: Round[][] = all.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [index, runner] of runners.entries())
        measured[index]?.push(await runner.round(ROUND_MS))
    const results = []
    for (const [index, runner] of runners.entries()) {
      const of = measured[index] ?? []
      results.push({
        contestant: all[index]?.name ?? '',
        version: ready[index]?.version ?? '',
        note: ready[index]?.note ?? '',
        samplesPerSecond: median(of.map((one) => one.samplesPerSecond)),
        samplesPerCpuSecond: median(of.map((one) => one.samplesPerCpuSecond)),
        rounds: of.map((one) => Math.round(one.samplesPerSecond)),
        peakMemoryBytes: await runner.end(),
      })
    }
    return { net: net.name, batchSize: net.batchSize, results }
  } finally {
    for (const runner of runners) runner.close()
  }
}

export const chosenNets = (names: readonly string[]): readonly Net[] =>
  names.length === 0 ? NETS : NETS.filter(({ name }) => names.includes(name))
