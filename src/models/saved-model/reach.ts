/** What a run of some nodes of a graph executes: those nodes, everything they read, and the functions they call. */
import { ModelError, quoted } from '../model-error.ts'
import type { FunctionDef, MetaGraph, NodeDef } from './messages.ts'

export interface Reached {
  /** In no order that means anything. */
  readonly nodes: ReadonlySet<NodeDef>
  readonly functions: ReadonlySet<FunctionDef>
}

/** `^node`, `node:1` and `node:output:0` are all about `node`. */
export const nodeOf = (input: string): string => input.replace(/^\^/, '').split(':', 1)[0] ?? ''

export class Graph {
  readonly #nodes = new Map<string, NodeDef>()
  readonly #functions = new Map<string, FunctionDef>()

  constructor({ nodes, functions }: MetaGraph) {
    for (const node of nodes) this.#add(this.#nodes, node, 'nodes')
    for (const one of functions) this.#add(this.#functions, one, 'functions')
  }

  #add<Named extends { readonly name: string }>(
    into: Map<string, Named>,
    one: Named,
    what: string,
  ): void {
    if (into.has(one.name))
      throw new ModelError('saved-model-not-valid', `two ${what} are called ${quoted(one.name)}`)
    into.set(one.name, one)
  }

  node(name: string): NodeDef {
    const node = this.#nodes.get(name)
    if (node) return node
    throw new ModelError(
      'saved-model-not-valid',
      `the graph has no node ${quoted(name)}, which is needed: the file is damaged`,
    )
  }

  function(name: string): FunctionDef | undefined {
    return this.#functions.get(name)
  }

  /** @param roots names of nodes */
  reach(roots: readonly string[]): Reached {
    const nodes = new Set<NodeDef>()
    const functions = new Set<FunctionDef>()
    const waiting = roots.map((name) => this.node(name))
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (nodes.has(node)) continue
      nodes.add(node)
      for (const input of node.inputs) waiting.push(this.node(nodeOf(input)))
      for (const name of node.beside) waiting.push(this.node(name))
      this.#call(node, functions)
    }
    return { nodes, functions }
  }

  #call(caller: NodeDef, functions: Set<FunctionDef>): void {
    const waiting = [caller]
    for (let node = waiting.pop(); node; node = waiting.pop())
      // An operation may be called after the function that it is.
      for (const name of [...node.functions, node.op]) {
        const called = this.#functions.get(name)
        if (!called || functions.has(called)) continue
        functions.add(called)
        waiting.push(...called.nodes)
      }
  }
}
