/** A small client of the HTTP interface, enough for the demo; errors say what the server said. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { Static } from 'typebox'
import type { JobSchema } from '../api/schemas/job.ts'
import type { JobSpec } from '../domain/job-spec.ts'
import type { Report } from '../domain/report/report.ts'

export type Job = Static<typeof JobSchema>

export interface ModelView {
  readonly id: string
  readonly parameters: number
  readonly sizeBytes: number
}

export class Client {
  readonly #base: string

  constructor(base: string) {
    this.#base = base.replace(/\/$/, '')
  }

  url(path: string): string {
    return `${this.#base}${path}`
  }

  async #request(path: string, init?: RequestInit): Promise<Response> {
    const response = await fetch(this.url(path), init)
    if (response.ok) return response
    const body = await response.text()
    let detail = body
    try {
      detail = (JSON.parse(body) as { detail?: string }).detail ?? body
    } catch {}
    throw new Error(`${init?.method ?? 'GET'} ${path} answered ${response.status}: ${detail}`)
  }

  async #json<T>(path: string, init?: RequestInit): Promise<T> {
    return (await (await this.#request(path, init)).json()) as T
  }

  submit(spec: JobSpec): Promise<Job> {
    return this.#json('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spec),
    })
  }

  job(id: string): Promise<Job> {
    return this.#json(`/v1/jobs/${id}`)
  }

  report(id: string): Promise<Report> {
    return this.#json(`/v1/jobs/${id}/report`)
  }

  model(id: string): Promise<ModelView> {
    return this.#json(`/v1/models/${id}`)
  }

  /** Looks twice a second until the job has ended. */
  async wait(id: string, onChange: (job: Job) => void): Promise<Job> {
    for (;;) {
      const job = await this.job(id)
      onChange(job)
      if (job.terminal) return job
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }

  async download(path: string, file: string): Promise<void> {
    const { body } = await this.#request(path)
    if (!body) throw new Error(`${path} came without a body`)
    await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), createWriteStream(file))
  }
}
