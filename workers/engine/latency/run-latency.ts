/** Carries out a latency task: stored networks in, times of student and teacher out. */
import { cpus } from 'node:os'
import type { Latency, LatencyRecord } from '../../../src/domain/latency.ts'
import { TIMED_BATCHES } from '../../../src/domain/latency.ts'
import type { LatencyTask, TaskResult, TeacherFiles } from '../../trainer-contract.ts'
import { Outputs, peakMemoryBytes, type TaskHooks } from '../task-outputs.ts'
import { measureLatency } from './measure-latency.ts'
import { openTimed, type Runnable } from './timed-network.ts'

type Timed = Latency[keyof Latency]

/** Networks that answer the same batch, one after the other. */
const inTurn = (networks: readonly Runnable[]): Runnable => ({
  async run() {
    for (const network of networks) await network.run()
  },
})

/** Times of one batch size, in the order of the models; null where a network of one takes no such batch. */
async function timeBatch(
  models: readonly (readonly TeacherFiles[])[],
  rows: number,
  { outputDirectory }: LatencyTask,
  signal: AbortSignal,
): Promise<Timed[]> {
  await using opened = new AsyncDisposableStack()
  const networks: (Runnable | null)[] = []
  for (const files of models) {
    const parts = []
    for (const one of files) {
      const network = await openTimed(one, rows, { scratchDirectory: outputDirectory, threads: 1 })
      if (network) parts.push(opened.use(network))
    }
    networks.push(parts.length === 0 || parts.length < files.length ? null : inTurn(parts))
  }
  const runnable = networks.flatMap((network) => network ?? [])
  const times = await measureLatency(runnable, signal)
  return networks.map((network) => (network ? (times.shift() ?? null) : null))
}

/** @throws InputError when a library does not take the teacher; the reason of the signal when aborted */
export async function runLatency(
  task: LatencyTask,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  hooks.onProgress({ phase: 'evaluate', epoch: 0, epochs: 0, step: 0, steps: 0 })
  const models = [[task.student], task.teacher]
  const times: Timed[][] = []
  for (const rows of TIMED_BATCHES) times.push(await timeBatch(models, rows, task, signal))
  const of = (network: number): Latency => ({
    batch1: times[0]?.[network] ?? null,
    batch64: times[1]?.[network] ?? null,
  })
  const record: LatencyRecord = {
    student: of(0),
    teacher:
      task.teacher.length === 0 || task.teacher.some(({ kind }) => kind === 'outputs')
        ? null
        : of(1),
    processor: cpus()[0]?.model ?? 'unknown',
  }
  const outputs = new Outputs(task.outputDirectory)
  await outputs.json('latency', record)
  return {
    files: outputs.files,
    normalization: null,
    trainingRows: 0,
    heldOutRows: 0,
    steps: 0,
    trainSeconds: 0,
    samplesPerSecond: 0,
    peakMemoryBytes: peakMemoryBytes(),
    execution: null,
    validation: null,
  }
}
