/** A graph under construction. Nodes are known by name; `name` alone is the first output, `name:1` the second. */
import { nativeBackend } from '../native-backend.ts'
import { type AttributeValue, attr, type Node, node, savedModel } from './messages.ts'
import type { HostConstant } from './record.ts'

export type Dtype = 'float32' | 'int32' | 'uint8'

export const dtypeNumber = (dtype: Dtype): number => {
  const { TF_FLOAT, TF_INT32, TF_UINT8 } = nativeBackend().binding
  return { float32: TF_FLOAT, int32: TF_INT32, uint8: TF_UINT8 }[dtype]
}

export class Graph {
  readonly #nodes: Node[] = []
  #cluster: string | null = null

  /**
   * XLA compiles what `build` adds into one program, while loops and changes of variables included, the first time that it
   * runs. Placeholders stay outside: they are what the program is given.
   * @param build returns the node that the program gives, a float32
   * @returns what stands for that node outside
   */
  compiledTogether(cluster: string, build: () => string): string {
    this.#cluster = cluster
    const result = build()
    this.#cluster = null
    // The only way out of a cluster that TensorFlow knows.
    const T = attr.type(dtypeNumber('float32'))
    return this.add(`${cluster}/given`, 'XlaClusterOutput', [result], { T })
  }

  /** @returns the name */
  add(
    name: string,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const cluster = op === 'Placeholder' ? null : this.#cluster
    const extra = cluster === null ? {} : { _xla_compile_id: attr.text(cluster) }
    this.#nodes.push(node(name, op, inputs, { ...attributes, ...extra }))
    return name
  }

  placeholder(name: string, dtype: Dtype, shape: readonly number[]): string {
    const type = attr.type(dtypeNumber(dtype))
    return this.add(name, 'Placeholder', [], { dtype: type, shape: attr.shape(shape) })
  }

  constant(name: string, value: HostConstant): string {
    return this.add(name, 'Const', [], {
      dtype: attr.type(value.dtype),
      value: attr.tensor(value),
    })
  }

  integers(name: string, values: readonly number[], shape: readonly number[]): string {
    return this.constant(name, {
      shape,
      dtype: dtypeNumber('int32'),
      values: Int32Array.from(values),
    })
  }

  toSavedModel(): Uint8Array {
    return savedModel(this.#nodes)
  }
}
