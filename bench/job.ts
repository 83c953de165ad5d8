/**
 * A whole job on MNIST against the same loop in a PyTorch script: five folds, each with a teacher of its own, a control and
 * a distilled student, then the final teacher and student.
 */

import { execFile } from 'node:child_process'
import { existsSync, openAsBlob } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '../src/cli/client.ts'
import type { JobSpec } from '../src/domain/job-spec.ts'
import { uploadIdx } from './service.ts'

const SCRIPT = fileURLToPath(new URL('peers/job_torch.py', import.meta.url))

export interface JobComparison {
  readonly seconds: number
  readonly peerSeconds: number
  readonly report: unknown
  readonly peerOutput: string
}

const training = {
  epochs: 3,
  batchSize: 128,
  optimizer: { name: 'adam', learningRate: 0.001 },
} as const

const specFor = (dataset: string): JobSpec => ({
  name: 'benchmark',
  dataset: { id: dataset },
  teacher: { train: { architecture: { preset: 'mlp', hiddenUnits: [1200, 1200] }, training } },
  student: { architecture: { preset: 'mlp', hiddenUnits: [800, 800] } },
  training,
  evaluation: { protocol: 'k-fold', folds: 5, control: true, teacherPerFold: 'retrain' },
})

function fileIn(directory: string, name: string): string {
  for (const candidate of [`${name}.gz`, name]) {
    const file = path.join(directory, candidate)
    if (existsSync(file)) return file
  }
  throw new Error(`${directory} has no ${name} or ${name}.gz`)
}

/** @param directory with the IDX files of MNIST's training set */
export async function compareJob(
  base: string,
  directory: string,
  python: string,
): Promise<JobComparison> {
  const images = fileIn(directory, 'train-images-idx3-ubyte')
  const labels = fileIn(directory, 'train-labels-idx1-ubyte')
  const dataset = await uploadIdx(base, 'mnist', {
    images: await openAsBlob(images),
    labels: await openAsBlob(labels),
  })
  const client = new Client(base)
  const begin = performance.now()
  const { id } = await client.submit(specFor(dataset))
  const ended = await client.wait(id, () => undefined)
  const seconds = (performance.now() - begin) / 1000
  if (ended.status !== 'succeeded')
    throw new Error(`the job ${ended.status}: ${JSON.stringify(ended.failure)}`)
  const peerBegin = performance.now()
  const { stdout } = await promisify(execFile)(python, [SCRIPT, images, labels])
  return {
    seconds,
    peerSeconds: (performance.now() - peerBegin) / 1000,
    report: (await client.report(id)).arms,
    peerOutput: stdout.trim(),
  }
}
