/** Our own contestant: `node contestant.ts <net>`; see `protocol.ts`. Settings of TensorFlow come from the environment. */
import { createInterface } from 'node:readline'
import { compiledRunner } from '../workers/engine/compile/compiled-runner.ts'
import { createOptimizer } from '../workers/engine/optimizers.ts'
import { Pacing } from '../workers/engine/pacing.ts'
import type { StepInput } from '../workers/engine/step-runner.ts'
import { EPOCHS, NETS, ROWS } from './nets.ts'
import { trainingInputOf } from './training-input.ts'

const WARM_UP_MS = 1000

const say = (answer: unknown): void => void process.stdout.write(`${JSON.stringify(answer)}\n`)

const net = NETS.find(({ name }) => name === process.argv[2])
if (!net) throw new Error(`no net called ${process.argv[2]}`)
const input = trainingInputOf(
  net,
  { epochs: EPOCHS, optimizer: { name: 'sgd', momentum: 0.9, learningRate: 0.01 } },
  ROWS,
)
const optimizer = createOptimizer(input.training.optimizer)
using runner = compiledRunner(input, optimizer)
const pacing = new Pacing(runner.bytesPerStep, runner.stepsPerCall)
const batches = Math.floor(ROWS / net.batchSize)
let steps = 0

function call(): void {
  const inputs = Array.from({ length: pacing.stepsPerCall }, (): StepInput => {
    const start = (steps % batches) * input.training.batchSize
    steps++
    return {
      rows: input.rows.subarray(start, start + input.training.batchSize),
      step: steps,
      rates: optimizer.rates(0.01, steps),
    }
  })
  const begin = performance.now()
  runner.run(inputs)
  pacing.observe(inputs.length, performance.now() - begin)
}

function round(milliseconds: number) {
  const [begin, cpuBegin, before] = [performance.now(), process.cpuUsage(), steps]
  while (performance.now() - begin < milliseconds) call()
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpuBegin)
  const samples = (steps - before) * input.training.batchSize
  return {
    samplesPerSecond: samples / seconds,
    samplesPerCpuSecond: (1e6 * samples) / (user + system),
  }
}

round(WARM_UP_MS)
say({
  version: `Node ${process.version}, TensorFlow 2.21`,
  note: `${runner.compiler}, ${pacing.stepsPerCall} steps a call`,
})
for await (const line of createInterface({ input: process.stdin })) {
  const [word, milliseconds] = line.split(' ')
  if (word === 'go') say(round(Number(milliseconds)))
  else break
}
say({ peakMemoryBytes: process.resourceUsage().maxRSS * 1024 })
process.exit(0)
