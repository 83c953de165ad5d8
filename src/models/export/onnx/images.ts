/** Images have their channels last in the service and first in ONNX: the same value in both orders, turned when needed. */
import type { Shape } from '../../../domain/network.ts'
import type { OnnxGraph } from './graph.ts'

export interface Value {
  readonly name: string
  /** Without the batch axis, channels last, whatever the order. */
  readonly shape: Shape
  /** `last` for everything that is no image. */
  readonly channels: 'first' | 'last'
}

export class Images {
  readonly #graph: OnnxGraph
  readonly #turned = new Map<string, Value>()

  constructor(graph: OnnxGraph) {
    this.#graph = graph
  }

  #turn(value: Value, channels: Value['channels'], perm: readonly number[]): Value {
    const known = this.#turned.get(value.name)
    if (known) return known
    const name = this.#graph.node(`${value.name}/channels_${channels}`, 'Transpose', [value.name], {
      perm,
    })
    const turned = { ...value, name, channels }
    this.#turned.set(value.name, turned)
    this.#turned.set(name, value)
    return turned
  }

  channelsFirst(value: Value): Value {
    if (value.channels === 'first' || value.shape.length !== 3) return value
    return this.#turn(value, 'first', [0, 3, 1, 2])
  }

  channelsLast(value: Value): Value {
    return value.channels === 'last' ? value : this.#turn(value, 'last', [0, 2, 3, 1])
  }
}
