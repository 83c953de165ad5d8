/**
 * Every error a client can see, in one table. `retryable` answers "may I send the same request again?".
 * The code is stable; the sentence that goes with an occurrence says what, where and what to do.
 */
import type { SpecIssue } from './spec-issue.ts'

export interface ProblemKind {
  readonly status: number
  readonly title: string
  readonly retryable: boolean
}

const kind = (status: number, title: string, retryable = false): ProblemKind => ({
  status,
  title,
  retryable,
})

export const PROBLEMS = {
  'malformed-body': kind(400, 'The body cannot be read'),
  'invalid-request': kind(400, 'A parameter or header is not valid'),
  unauthorized: kind(401, 'An API key is needed'),
  'route-not-found': kind(404, 'There is nothing at this path'),
  'job-not-found': kind(404, 'There is no such job'),
  'dataset-not-found': kind(404, 'There is no such dataset'),
  'model-not-found': kind(404, 'There is no such model'),
  'plot-not-found': kind(404, 'The job has no such plot'),
  'method-not-allowed': kind(405, 'The path exists, but not with this method'),
  'job-is-terminal': kind(409, 'The job has ended'),
  'job-not-terminal': kind(409, 'The job has not ended'),
  'not-ready': kind(409, 'It does not exist yet', true),
  'never-ready': kind(409, 'It will never exist'),
  'in-use': kind(409, 'It is used by something else'),
  'body-too-large': kind(413, 'The body is larger than allowed'),
  'unsupported-media-type': kind(415, 'The body has a type that is not accepted here'),
  'range-not-satisfiable': kind(416, 'The range lies outside the file'),
  'invalid-spec': kind(422, 'The job is not valid'),
  'invalid-dataset': kind(422, 'The dataset is not valid'),
  'invalid-model': kind(422, 'The model is not valid'),
  'idempotency-key-reused': kind(422, 'The idempotency key came with another body before'),
  'too-many-jobs': kind(429, 'Too many jobs are waiting', true),
  'internal-error': kind(500, 'Something went wrong here', true),
  unavailable: kind(503, 'The service cannot do this now', true),
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof PROBLEMS

export class Problem extends Error {
  readonly code: ProblemCode
  /** Single mistakes, where there can be several or a pointer helps. */
  readonly issues: readonly SpecIssue[]
  /** Response headers that belong to the problem, for example `Allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      issues?: readonly SpecIssue[]
      headers?: Readonly<Record<string, string>>
      cause?: unknown
    } = {},
  ) {
    super(detail, 'cause' in more ? { cause: more.cause } : {})
    this.code = code
    this.issues = more.issues ?? []
    this.headers = more.headers ?? {}
  }
}
