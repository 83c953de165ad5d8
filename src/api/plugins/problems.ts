/** Every error leaves as RFC 9457 problem+json with a stable code. What is our fault is logged, and its words kept inside. */
import type { ErrorObject } from 'ajv'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DatasetError } from '../../datasets/dataset-error.ts'
import { PROBLEMS, Problem, type ProblemCode } from '../../domain/problems.ts'
import { ModelError } from '../../models/model-error.ts'
import { toIssues } from '../validation-issues.ts'

const BY_FASTIFY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid-request',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_REQ_FILE_TOO_LARGE: 'body-too-large',
  FST_PARTS_LIMIT: 'body-too-large',
  FST_FILES_LIMIT: 'body-too-large',
  FST_FIELDS_LIMIT: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-body',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed-body',
}

function validationProblem(error: FastifyError): Problem {
  const issues = toIssues((error.validation ?? []) as unknown as ErrorObject[])
  const detail = issues
    .map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message))
    .join('; ')
  return error.validationContext === 'body'
    ? new Problem('invalid-spec', detail, { issues })
    : new Problem('invalid-request', `${error.validationContext}: ${detail}`, { issues })
}

/** Prisma's codes for a database that cannot be reached, that is full, or that hung up; its driver often has none. */
const OUTAGE_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037', 'P2039'])
const OUTAGE_WORDS = /connection terminated|timeout exceeded when trying to connect|not queryable/i

const isOutage = ({ code, message }: FastifyError): boolean =>
  OUTAGE_CODES.has(code) || code === 'ECONNREFUSED' || OUTAGE_WORDS.test(message)

/** Anything that was thrown as a problem; what nobody foresaw is an `internal-error`. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof DatasetError)
    return new Problem('invalid-dataset', error.message, {
      issues: [{ pointer: '', code: error.code, message: error.message }],
    })
  if (error instanceof ModelError)
    return new Problem('invalid-model', error.message, {
      issues: [{ pointer: '', code: error.code, message: error.message }],
    })
  if (!(error instanceof Error)) return new Problem('internal-error', 'Unknown error.')
  const known = error as FastifyError
  if (known.validation) return validationProblem(known)
  if (isOutage(known))
    return new Problem('unavailable', 'The database does not answer; try again in a moment.', {
      headers: { 'retry-after': '5' },
      cause: error,
    })
  const code = BY_FASTIFY_CODE[known.code]
  if (code) return new Problem(code, known.message)
  if (known.statusCode && known.statusCode >= 400 && known.statusCode < 500)
    return new Problem(
      known.statusCode === 415 ? 'unsupported-media-type' : 'malformed-body',
      known.message,
    )
  return new Problem('internal-error', 'The request failed here; the log has the reason.', {
    cause: error,
  })
}

export function problemBody(problem: Problem, requestId: string) {
  const { status, title, retryable } = PROBLEMS[problem.code]
  return {
    type: `urn:distillery:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    instance: `urn:distillery:request:${requestId}`,
    code: problem.code,
    retryable,
    errors: problem.issues,
  }
}

function send(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const body = problemBody(problem, request.id)
  if (body.status >= 500) request.log.error({ err: problem.cause ?? problem }, problem.message)
  else request.log.info({ code: problem.code }, problem.message)
  // Serialized by hand: a route's response schemas must not be able to cut an error short.
  reply
    .code(body.status)
    .headers({ ...problem.headers })
    .type('application/problem+json; charset=utf-8')
    .serializer((payload) => JSON.stringify(payload))
    .send(body)
}

const refusedType = (request: FastifyRequest): Problem =>
  new Problem(
    'unsupported-media-type',
    `${request.method} ${request.url.split('?')[0]} does not take ${request.headers['content-type'] ?? 'a body without Content-Type'}; /docs says what it takes.`,
  )

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { code } = error as Partial<FastifyError>
  send(
    code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? refusedType(request) : toProblem(error),
    request,
    reply,
  )
}

interface KnownRoute {
  readonly pattern: RegExp
  readonly methods: Set<string>
}

/** Must be registered before any route: it watches them to tell 405 from 404. */
export function registerProblems(app: FastifyInstance): void {
  const routes = new Map<string, KnownRoute>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const known = routes.get(url) ?? {
      pattern: new RegExp(`^${url.replace(/:[A-Za-z]+/g, '[^/]+')}/?$`),
      methods: new Set<string>(),
    }
    for (const name of [method].flat()) known.methods.add(name)
    routes.set(url, known)
  })
  // A body that was refused half-way is read to its end and dropped: the next request comes on the same connection.
  app.addHook('onResponse', async ({ raw }) => {
    if (!raw.complete) raw.resume()
  })
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const methods = [...routes.values()]
      .filter((route) => route.pattern.test(path))
      .flatMap((route) => [...route.methods])
    const problem =
      methods.length > 0
        ? new Problem('method-not-allowed', `${request.method} is not possible at ${path}.`, {
            headers: { allow: [...new Set(methods)].sort().join(', ') },
          })
        : new Problem('route-not-found', `There is nothing at ${path}; see /docs.`)
    send(problem, request, reply)
  })
}
