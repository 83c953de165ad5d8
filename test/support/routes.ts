/** Every route that an application answers, read from the tree that its router prints: nothing can be left out. */
import type { FastifyInstance } from 'fastify'

export interface Route {
  readonly method: string
  /** As registered, with `:id`. */
  readonly url: string
}

const LINE = /^(?<indent>[ │]*)(?:├|└)── (?<part>\S*) \((?<methods>[A-Z, ]+)\)$/

/** HEAD is left out: it comes with every GET. */
export function routesOf(app: Pick<FastifyInstance, 'printRoutes'>): Route[] {
  const routes: Route[] = []
  const trail: string[] = []
  const tree = app.printRoutes({ commonPrefix: false })
  for (const line of tree.split('\n').filter((text) => text !== '')) {
    const { indent = '', part = '', methods = '' } = LINE.exec(line)?.groups ?? {}
    if (!methods) throw new Error(`cannot read this line of the routes: ${line}`)
    const depth = indent.length / 4
    trail.length = depth
    trail.push(part)
    for (const method of methods.split(', '))
      if (method !== 'HEAD') routes.push({ method, url: trail.join('') })
  }
  return routes
}
