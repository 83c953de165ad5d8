/** JSON bodies, with an error that says where the mistake is. Keys that would reach a prototype are refused. */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/problems.ts'

/** V8 says what it did not expect and, for most mistakes, at which character. */
function whatIsWrong(text: string): string {
  if (text.trim() === '') return 'the body is empty'
  try {
    JSON.parse(text)
    return 'it has a key that is not allowed (__proto__ or constructor)'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function registerJsonBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    // Many clients name a type on every POST; a route that takes no body does not mind.
    if (body === '' && !request.routeOptions.schema?.body) return done(null, undefined)
    void parse(request, body as string, (error, value) =>
      error
        ? done(new Problem('malformed-body', `The body is not JSON: ${whatIsWrong(String(body))}.`))
        : done(null, value),
    )
  })
}
