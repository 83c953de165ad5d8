/**
 * `npm run bench`: measures, prints ratios, writes `bench/results/<time>.json`, and ends with `goals met` or
 * `goals missed: …`. Options: `--rounds 5`, `--nets a,b`, `--mnist DIRECTORY` (without it the whole job is not measured).
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { benchEnvironment } from './environment.ts'
import { missedByJob, missedByLatency, missedBySteps, ratiosOf } from './goals.ts'
import { compareJob } from './job.ts'
import { measureLatency } from './latency.ts'
import { chosenNets, compareSteps, type StepComparison } from './steps.ts'

const MEBIBYTE = 2 ** 20
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    nets: { type: 'string', default: '' },
    mnist: { type: 'string' },
  },
})
const print = (line: string): void => void process.stdout.write(`${line}\n`)

function printSteps(comparison: StepComparison): void {
  const { eager, best } = ratiosOf(comparison)
  print(`\n${comparison.net}, batch ${comparison.batchSize}`)
  for (const one of comparison.results)
    print(
      `  ${one.contestant.padEnd(14)}${Math.round(one.samplesPerSecond).toString().padStart(9)} samples/s` +
        `${Math.round(one.samplesPerCpuSecond).toString().padStart(9)} a CPU second` +
        `${Math.round(one.peakMemoryBytes / MEBIBYTE)
          .toString()
          .padStart(7)} MB  ${one.version}, ${one.note}`,
    )
  print(`  ratio: ${eager.toFixed(2)} of PyTorch eager, ${best.toFixed(2)} of the best peer`)
}

const { peers, base } = benchEnvironment()
const missed: string[] = []
const steps: StepComparison[] = []
const nets = options.nets === '' ? [] : options.nets.split(',')
const hardware = {
  processor: cpus()[0]?.model.trim(),
  threads: availableParallelism(),
  memoryBytes: totalmem(),
}
print(`${hardware.processor}, ${hardware.threads} threads`)
for (const net of chosenNets(nets)) {
  const comparison = await compareSteps(net, peers, Number(options.rounds))
  steps.push(comparison)
  printSteps(comparison)
  missed.push(...missedBySteps(comparison))
}
const latency = await measureLatency(base)
print(
  `\nfrom 202 to the first step: ${latency.warmSeconds.toFixed(2)} s warm, ${latency.coldSeconds.toFixed(2)} s cold`,
)
missed.push(...missedByLatency(latency))
const job = options.mnist ? await compareJob(base, options.mnist, peers.torch) : null
if (job) {
  print(
    `five-fold job on MNIST: ${job.seconds.toFixed(0)} s; PyTorch script ${job.peerSeconds.toFixed(0)} s; ratio ${(job.seconds / job.peerSeconds).toFixed(2)}`,
  )
  missed.push(...missedByJob(job))
} else missed.push('MNIST job not measured (give --mnist DIRECTORY)')

const results = new URL('results/', import.meta.url)
mkdirSync(results, { recursive: true })
const now = new Date().toISOString()
const file = new URL(`${now.slice(0, 19).replaceAll(':', '')}.json`, results)
const record = {
  at: now,
  hardware,
  node: process.version,
  rounds: Number(options.rounds),
  steps,
  latency,
  job,
  missed,
}
writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`)
print(`\nwritten to bench/results/${file.pathname.split('/').at(-1)}`)
print(missed.length === 0 ? 'goals met' : `goals missed: ${missed.join('; ')}`)
