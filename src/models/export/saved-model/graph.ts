/** A graph of TensorFlow under construction. Nodes are known by name, and each has one output. */
import type { Precision } from '../../../domain/model.ts'
import type { Shape } from '../../../domain/network.ts'
import type { Stream } from '../../protobuf/message.ts'
import {
  type AttrValue,
  DATA_TYPES,
  type NodeDef,
  type TensorShapeProto,
} from '../../tensorflow/messages.ts'
import { inPrecision } from '../precision.ts'

export const tensorShape = (shape: Shape): TensorShapeProto => ({
  dim: shape.map((size) => ({ size })),
})

/** Attribute values by kind. */
export const attr = {
  type: (dtype: keyof typeof DATA_TYPES): AttrValue => ({ type: DATA_TYPES[dtype] }),
  shape: (shape: Shape): AttrValue => ({ shape: tensorShape(shape) }),
  integer: (i: number): AttrValue => ({ i }),
  integers: (i: readonly number[]): AttrValue => ({ list: { i } }),
  float: (f: number): AttrValue => ({ f }),
  flag: (b: boolean): AttrValue => ({ b }),
  text: (text: string): AttrValue => ({ s: new TextEncoder().encode(text) }),
} as const

export const FLOAT = { T: attr.type('float32') } as const

export class TensorFlowGraph {
  readonly nodes: NodeDef[] = []
  readonly #taken = new Set<string>()

  /** @returns the name: `wish` or one like it */
  node(
    wish: string,
    op: string,
    input: readonly string[],
    attributes: Readonly<Record<string, AttrValue>> = FLOAT,
  ): string {
    const legal = wish.replace(/[^A-Za-z0-9_./]/g, '_').replace(/^[^A-Za-z0-9.]/, 'n$&')
    let name = legal
    for (let count = 2; this.#taken.has(name); count++) name = `${legal}_${count}`
    this.#taken.add(name)
    const entries = Object.entries(attributes).map(([key, value]) => ({ key, value }))
    this.nodes.push({ name, op, input, attr: entries })
    return name
  }

  #constant(
    wish: string,
    shape: Shape,
    dtype: keyof typeof DATA_TYPES,
    tensorContent: Uint8Array | Stream,
  ): string {
    const tensor = { dtype: DATA_TYPES[dtype], tensorShape: tensorShape(shape), tensorContent }
    return this.node(wish, 'Const', [], { dtype: attr.type(dtype), value: { tensor } })
  }

  floats(wish: string, values: readonly number[], shape: Shape = [values.length]): string {
    const bytes = new Uint8Array(Float32Array.from(values).buffer)
    return this.#constant(wish, shape, 'float32', bytes)
  }

  integers(wish: string, values: readonly number[], shape: Shape = [values.length]): string {
    return this.#constant(wish, shape, 'int32', new Uint8Array(Int32Array.from(values).buffer))
  }

  /** Halves are cast when the graph is optimized; all computing is in float32. */
  weight(name: string, shape: Shape, numbers: Stream, precision: Precision): string {
    const constant = this.#constant(name, shape, precision, inPrecision(name, numbers, precision))
    if (precision === 'float32') return constant
    return this.node(`${name}/float32`, 'Cast', [constant], {
      SrcT: attr.type('float16'),
      DstT: attr.type('float32'),
    })
  }
}
