/** The running service as the benchmarks use it: loopback only, by HTTP, as any client would. */
import { Client, type Job } from '../src/cli/client.ts'
import type { JobSpec } from '../src/domain/job-spec.ts'

const EVERY_MS = 10

interface TaskView {
  readonly key: string
  readonly status: string
  readonly progress: { readonly phase: string; readonly step: number } | null
}

export async function uploadIdx(
  base: string,
  name: string,
  files: { images: Blob; labels: Blob },
): Promise<string> {
  const form = new FormData()
  form.set('images', files.images, 'images.gz')
  form.set('labels', files.labels, 'labels.gz')
  const response = await fetch(`${base}/v1/datasets?name=${name}&format=idx`, {
    method: 'POST',
    body: form,
  })
  if (!response.ok) throw new Error(`upload answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

/** Seconds from the answer 202 until a task is in the phase of training. */
export async function untilTraining(
  base: string,
  spec: JobSpec,
): Promise<{ job: Job; seconds: number }> {
  const client = new Client(base)
  const job = await client.submit(spec)
  const begin = performance.now()
  for (;;) {
    const { tasks, terminal } = (await client.job(job.id)) as Job & { tasks: readonly TaskView[] }
    const seconds = (performance.now() - begin) / 1000
    const isTraining = tasks.some(
      ({ progress, status }) =>
        status === 'succeeded' || progress?.phase === 'train' || (progress?.step ?? 0) > 0,
    )
    if (isTraining || terminal) return { job, seconds }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}
