/** Small ONNX files made by hand, with whatever is wrong. */
import { type FieldValue, message } from '../../../support/protobuf.ts'

const FLOAT = 1

type Field = readonly [number, FieldValue]

export const tensor = (
  name: string,
  shape: readonly number[],
  ...more: readonly Field[]
): Uint8Array => {
  const raw = new Uint8Array(4 * shape.reduce((product, side) => product * side, 1))
  const data: readonly Field[] = more.length > 0 ? more : [[9, raw]]
  return message([1, shape], [2, FLOAT], [8, name], ...data)
}

/** A symbol where the side is a text. */
export const value = (
  name: string,
  shape: readonly (number | string)[],
  type = FLOAT,
): Uint8Array => {
  const sides = shape.map((side) => message(typeof side === 'number' ? [1, side] : [2, side]))
  return message([1, name], [2, message([1, message([1, type], [2, message([1, sides])])])])
}

export const node = (
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ...more: readonly Field[]
): Uint8Array => message([1, inputs], [2, outputs], [3, `the_${type}`], [4, type], ...more)

interface Parts {
  readonly irVersion?: number
  readonly opset?: number
  readonly nodes?: readonly Uint8Array[]
  readonly initializers?: readonly Uint8Array[]
  readonly inputs?: readonly Uint8Array[]
  readonly outputs?: readonly Uint8Array[]
  readonly values?: readonly Uint8Array[]
  readonly graphFields?: readonly Field[]
  readonly modelFields?: readonly Field[]
}

/** Four features to three classes, unless parts say otherwise. */
export function onnx(parts: Parts = {}): Uint8Array {
  const graph = message(
    [1, parts.nodes ?? [node('Gemm', ['x', 'w', 'b'], ['y'])]],
    [2, 'graph'],
    [5, parts.initializers ?? [tensor('w', [4, 3]), tensor('b', [3])]],
    [11, parts.inputs ?? [value('x', ['batch', 4])]],
    [12, parts.outputs ?? [value('y', ['batch', 3])]],
    [13, parts.values ?? []],
    ...(parts.graphFields ?? []),
  )
  return message(
    [1, parts.irVersion ?? 8],
    [7, graph],
    [8, message([1, ''], [2, parts.opset ?? 17])],
    ...(parts.modelFields ?? []),
  )
}
