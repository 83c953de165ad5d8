/**
 * A while loop out of TensorFlow's primitive control flow: many steps in one call of a session, with no graph to
 * unroll. A value enters the loop's frame by `Enter`, goes round through `Merge`, `Switch` and `NextIteration`, and
 * leaves by `Exit` (Yu et al. 2018, "Dynamic control flow in large-scale machine learning", section 4).
 */
import { type Dtype, dtypeNumber, type Graph } from './graph.ts'
import { attr } from './messages.ts'

/** An input that says only: not before that node. */
export const controlBy = (node: string): string => `^${node.split(':')[0]}`

export interface Carried {
  /** In this iteration. */
  readonly value: string
  /** After the last iteration. */
  readonly result: string
  /** Says what the next iteration is given; once. */
  continueWith(value: string): void
}

export class Loop {
  readonly #graph: Graph
  readonly #name: string
  readonly #condition: string
  readonly #counter: Carried
  /** Scalar int32, from 0. What has no other input in the loop waits for it, to run once an iteration. */
  readonly iteration: string

  /** @param count scalar int32 */
  constructor(graph: Graph, name: string, count: string) {
    this.#graph = graph
    this.#name = name
    this.#condition = `${name}/condition`
    const int32 = dtypeNumber('int32')
    const T = attr.type(int32)
    this.#counter = this.carry('counter', graph.integers(`${name}/zero`, [0], []), int32)
    const limit = this.invariant('count', count, int32)
    const less = graph.add(`${name}/less`, 'Less', [`${name}/counter/merge`, limit], { T })
    graph.add(this.#condition, 'LoopCond', [less])
    this.iteration = graph.add(`${name}/iteration`, 'Identity', [this.#counter.value], { T })
  }

  /**
   * Ends the body.
   * @param after nodes that have to be done before the next iteration begins
   * @returns a node that is there when the last iteration is done
   */
  close(after: readonly string[]): string {
    const graph = this.#graph
    const int32 = dtypeNumber('int32')
    const value = graph.integers(`${this.#name}/one/value`, [1], [])
    const one = this.invariant('one', value, int32)
    const next = graph.add(
      `${this.#name}/increment`,
      'AddV2',
      [this.iteration, one, ...after.map(controlBy)],
      { T: attr.type(int32) },
    )
    this.#counter.continueWith(next)
    return this.#counter.result
  }

  #enter(id: string, value: string, dtype: number, isConstant: boolean): string {
    return this.#graph.add(`${this.#name}/${id}/enter`, 'Enter', [value], {
      T: attr.type(dtype),
      frame_name: attr.text(this.#name),
      is_constant: attr.flag(isConstant),
      parallel_iterations: attr.integer(1),
    })
  }

  /** Brings a value from outside that is the same in every iteration. */
  invariant(id: string, value: string, dtype: number): string {
    return this.#enter(id, value, dtype, true)
  }

  /** A value that each iteration gives to the next. */
  carry(id: string, start: string, dtype: number): Carried {
    const prefix = `${this.#name}/${id}`
    const T = attr.type(dtype)
    const graph = this.#graph
    const enter = this.#enter(id, start, dtype, false)
    const next = `${prefix}/next`
    const merge = graph.add(`${prefix}/merge`, 'Merge', [enter, next], { T, N: attr.integer(2) })
    const either = graph.add(`${prefix}/switch`, 'Switch', [merge, this.#condition], { T })
    return {
      value: `${either}:1`,
      result: graph.add(`${prefix}/exit`, 'Exit', [either], { T }),
      continueWith: (value) => void graph.add(next, 'NextIteration', [value], { T }),
    }
  }
}

/** Row `index` of a tensor, both inside the loop. */
export function rowAt(
  graph: Graph,
  name: string,
  dtype: Dtype,
  [tensor, index, axis]: readonly [string, string, string],
): string {
  return graph.add(name, 'GatherV2', [tensor, index, axis], {
    Tparams: attr.type(dtypeNumber(dtype)),
    Tindices: attr.type(dtypeNumber('int32')),
    Taxis: attr.type(dtypeNumber('int32')),
    batch_dims: attr.integer(0),
  })
}
