/** From the answer 202 to the first training step of a small job on the bundled digits. */

import { Client } from '../src/cli/client.ts'
import type { JobSpec } from '../src/domain/job-spec.ts'
import { median } from './median.ts'
import { untilTraining } from './service.ts'

export interface Latency {
  /** A trainer waits with TensorFlow loaded: median of several jobs. */
  readonly warmSeconds: number
  /** Right after a cancel, which ends the trainer: the next one has to be started. */
  readonly coldSeconds: number
}

const WARM_JOBS = 5
const IDLE_MS = 3000

const spec = (epochs: number): JobSpec => ({
  dataset: { builtin: 'digits' },
  teacher: { train: { architecture: { preset: 'mlp', hiddenUnits: [32] }, training: { epochs } } },
  student: { architecture: { preset: 'mlp', hiddenUnits: [8] } },
  training: { epochs: 1 },
  evaluation: { protocol: 'holdout' },
})

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

export async function measureLatency(base: string): Promise<Latency> {
  const client = new Client(base)
  const finished = async (id: string): Promise<void> => {
    await client.wait(id, () => undefined)
  }
  await finished((await client.submit(spec(1))).id)
  const warm: number[] = []
  for (let index = 0; index < WARM_JOBS; index++) {
    await pause(IDLE_MS)
    const { job, seconds } = await untilTraining(base, spec(1))
    warm.push(seconds)
    await finished(job.id)
  }
  const { job: endless } = await untilTraining(base, spec(1000))
  const response = await fetch(`${base}/v1/jobs/${endless.id}/cancel`, { method: 'POST' })
  if (!response.ok) throw new Error(`cancel answered ${response.status}`)
  await finished(endless.id)
  const cold = await untilTraining(base, spec(1))
  await finished(cold.job.id)
  return { warmSeconds: median(warm), coldSeconds: cold.seconds }
}
