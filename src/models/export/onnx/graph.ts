/** An ONNX graph under construction. A value is known by the name of the output that gives it. */
import type { Precision } from '../../../domain/model.ts'
import { elements, type Shape } from '../../../domain/network.ts'
import {
  ATTRIBUTE_TYPES,
  type AttributeProto,
  DATA_TYPES,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../onnx/messages.ts'
import type { Stream } from '../../protobuf/message.ts'
import { inPrecision } from '../precision.ts'

/** Of attributes: whole numbers become `ints` and `int`; a float is given as `{ float }`. */
type Attribute = number | string | readonly number[] | { readonly float: number }

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE_TYPES.int }
  if (typeof value === 'string')
    return { name, s: new TextEncoder().encode(value), type: ATTRIBUTE_TYPES.string }
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPES.float }
  return { name, ints: value, type: ATTRIBUTE_TYPES.ints }
}

/** Rows of any number: the first dimension is called `batch`. */
const rowsOf = (name: string, shape: Shape): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPES.float32,
      shape: { dim: [{ dimParam: 'batch' }, ...shape.map((dimValue) => ({ dimValue }))] },
    },
  },
})

export class OnnxGraph {
  readonly #nodes: NodeProto[] = []
  readonly #initializers: TensorProto[] = []
  readonly #taken: Set<string>

  /** @param reserved names that nothing inside may have */
  constructor(reserved: readonly string[]) {
    this.#taken = new Set(reserved)
  }

  #free(wish: string): string {
    let name = wish
    for (let count = 2; this.#taken.has(name); count++) name = `${wish}_${count}`
    this.#taken.add(name)
    return name
  }

  /** @returns the name of its one output, `wish` or one like it */
  node(
    wish: string,
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const name = this.#free(wish)
    this.#nodes.push({
      input,
      output: [name],
      name,
      opType,
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    })
    return name
  }

  floats(wish: string, values: readonly number[], dims: Shape = [values.length]): string {
    const rawData = new Uint8Array(Float32Array.from(values).buffer)
    const name = this.#free(wish)
    this.#initializers.push({ dims, dataType: DATA_TYPES.float32, name, rawData })
    return name
  }

  integers(wish: string, values: readonly number[]): string {
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    const name = this.#free(wish)
    this.#initializers.push({ dims: [values.length], dataType: DATA_TYPES.int64, name, rawData })
    return name
  }

  /** A weight. Halves are cast when the model is loaded: runtimes fold what is constant, and compute in float32. */
  weight(wish: string, dims: Shape, numbers: Stream, precision: Precision): string {
    if (numbers.sizeBytes !== 4 * elements(dims))
      throw new Error(`weight ${wish} has ${numbers.sizeBytes} bytes, its shape [${dims}] others`)
    const name = this.#free(wish)
    const rawData = inPrecision(wish, numbers, precision)
    this.#initializers.push({ dims, dataType: DATA_TYPES[precision], name, rawData })
    return precision === 'float32'
      ? name
      : this.node(`${name}/float32`, 'Cast', [name], { to: DATA_TYPES.float32 })
  }

  /** Gives a value another name, which was reserved. */
  #rename(from: string, to: string): void {
    const renamed = (names: readonly string[] = []) =>
      names.map((name) => (name === from ? to : name))
    for (const [at, node] of this.#nodes.entries())
      this.#nodes[at] = { ...node, input: renamed(node.input), output: renamed(node.output) }
  }

  /** The finished graph from `input` to `output`, which gives what `value` is. */
  finish(input: [string, Shape], output: [string, Shape], value: string): GraphProto {
    if (value === input[0])
      this.#nodes.push({ input: [value], output: [output[0]], name: output[0], opType: 'Identity' })
    else this.#rename(value, output[0])
    return {
      node: this.#nodes,
      name: 'distillery',
      initializer: this.#initializers,
      input: [rowsOf(...input)],
      output: [rowsOf(...output)],
    }
  }
}
