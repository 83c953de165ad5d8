import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { LatencyRecord } from '../../../src/domain/latency.ts'
import { measureLatency } from '../../../workers/engine/latency/measure-latency.ts'
import { quantile } from '../../../workers/engine/latency/quantile.ts'
import { runLatency } from '../../../workers/engine/latency/run-latency.ts'
import { runTrain } from '../../../workers/engine/run-task.ts'
import { OUTPUT_FILES, type TeacherFiles } from '../../../workers/trainer-contract.ts'
import { taskFiles } from './task-files.ts'
import { onnxFiles, savedModelFiles } from './teachers/foreign-files.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())
const { signal } = new AbortController()
const hooks = { onProgress: () => undefined, onEpoch: () => undefined }

test('a quantile lies between its neighbours, as NumPy has it', () => {
  // numpy.quantile([3, 1, 4, 1.5], q)
  expect(quantile([3, 1, 4, 1.5], 0.5)).toBe(2.25)
  expect(quantile([3, 1, 4, 1.5], 0.95)).toBeCloseTo(3.85, 12)
  expect(quantile([7], 0.95)).toBe(7)
})

/** Waits busily, so that its time is known. */
const lasting = (milliseconds: number, order: number[]) => ({
  async run() {
    order.push(milliseconds)
    const end = performance.now() + milliseconds
    while (performance.now() < end);
  },
  async [Symbol.asyncDispose]() {},
})

test('networks are timed in turns, and the slower one comes out slower', async () => {
  const order: number[] = []
  const [slow, fast] = await measureLatency([lasting(4, order), lasting(1, order)], signal)
  expect(slow?.p50Ms).toBeGreaterThanOrEqual(4)
  expect(fast?.p50Ms).toBeGreaterThanOrEqual(1)
  expect(fast?.p50Ms).toBeLessThan(slow?.p50Ms ?? 0)
  expect(order.slice(20, 26)).toEqual([4, 1, 4, 1, 4, 1])
  expect(slow?.runs).toBe((order.length - 20) / 2)
})

test('an aborted measurement stops between two runs', async () => {
  const reason = new Error('enough')
  const running = measureLatency([lasting(1, [])], AbortSignal.abort(reason))
  await expect(running).rejects.toBe(reason)
})

async function timesOf(teacher: TeacherFiles): Promise<LatencyRecord> {
  const task = files.task({ fold: null, deliver: true })
  const rows = Uint32Array.from({ length: 90 }, (_, row) => row)
  const empty = new Uint32Array()
  await runTrain(task, { training: rows, heldOut: empty, validation: empty }, hooks, signal)
  const weightsPath = path.join(task.outputDirectory, OUTPUT_FILES.safetensors)
  const network = { kind: 'network', network: task.network, normalization: null } as const
  const student = { ...network, weightsPath }
  const { outputDirectory } = files.task()
  const chosen = teacher.kind === 'network' ? student : teacher
  const timed = { kind: 'latency', student, teacher: [chosen], outputDirectory } as const
  expect((await runLatency(timed, hooks, signal)).files).toEqual(['latency'])
  return JSON.parse(readFileSync(path.join(outputDirectory, OUTPUT_FILES.latency), 'utf8'))
}

test('networks, foreign models and recorded outputs are each timed as far as they can be', async () => {
  const network = files.task().network
  const own = await timesOf({ kind: 'network', network, normalization: null, weightsPath: '' })
  for (const { batch1, batch64 } of [own.student, own.teacher ?? own.student])
    for (const batch of [batch1, batch64]) expect(batch?.p50Ms).toBeGreaterThan(0)
  for (const foreign of [await onnxFiles('convnet'), await savedModelFiles('convnet')]) {
    const { teacher } = await timesOf(foreign)
    expect(teacher?.batch1?.p50Ms).toBeGreaterThan(0)
    expect(teacher?.batch64?.p50Ms).toBeGreaterThan(0)
  }
  // Made for two rows at a time: neither one nor 64.
  const fixed = await timesOf(await onnxFiles('convnet-two-rows'))
  expect(fixed.teacher).toEqual({ batch1: null, batch64: null })
  const outputs = { kind: 'outputs', outputsPath: '', testOutputsPath: null } as const
  expect((await timesOf(outputs)).teacher).toBeNull()
})
