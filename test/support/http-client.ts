/** A client that shows status, headers and body as they came, for tests that look at all three. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/cli/client.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'

export interface Answer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects of a body by expecting it
export type Anything = any

export class HttpClient {
  readonly #url: () => string

  /** @param url asked at each request, because the service may start later */
  constructor(url: () => string) {
    this.#url = url
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.#url()}${path}`, init)
  }

  async send<Body = Anything>(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Body>> {
    const isText = typeof body === 'string' || body instanceof Uint8Array
    const response = await this.fetch(path, {
      method,
      headers:
        body === undefined || isText ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined
        ? {}
        : { body: isText ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Body,
    }
  }

  async bytes(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<Buffer>> {
    const response = await this.fetch(path, { headers })
    return {
      status: response.status,
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    }
  }

  async job(id: string): Promise<Job> {
    return (await this.send<Job>('GET', `/v1/jobs/${id}`)).body
  }

  /** Id of the accepted job. */
  async submit(spec: JobSpec): Promise<string> {
    const { status, body } = await this.send('POST', '/v1/jobs', spec)
    if (status !== 202) throw new Error(`${status} ${JSON.stringify(body)}`)
    return body.id
  }

  /** Looks until `condition` holds; fails when it cannot any more because the job has ended. */
  async until(id: string, condition: (job: Job) => boolean, everyMs = 100): Promise<Job> {
    for (;;) {
      const job = await this.job(id)
      if (condition(job)) return job
      if (job.terminal)
        throw new Error(`job ${id} has ${job.status}: ${JSON.stringify(job.failure)}`)
      await sleep(everyMs)
    }
  }

  ended(id: string): Promise<Job> {
    return this.until(id, (job) => job.terminal)
  }

  /** Runs a job to its end, which must be success. */
  async run(spec: JobSpec): Promise<Job> {
    return this.until(await this.submit(spec), (job) => job.status === 'succeeded')
  }
}
