/** The header of a safetensors file: https://github.com/huggingface/safetensors#format */
import type { Precision } from './model.ts'
import { elements, type Shape } from './network.ts'

export interface SafetensorsTensor {
  readonly name: string
  readonly shape: Shape
  /** float32 unless said otherwise. */
  readonly precision?: Precision
}

const DTYPES = { float32: { dtype: 'F32', bytes: 4 }, float16: { dtype: 'F16', bytes: 2 } } as const

/**
 * 8 bytes of length (little-endian), then JSON padded with spaces so that the numbers begin at a multiple of 8.
 * The JSON has `__metadata__` first and then the tensors in the given order, which is also the order of their bytes;
 * equal arguments give equal bytes.
 *
 * @throws Error when two tensors share a name or one is called `__metadata__`
 */
export function safetensorsHeader(
  tensors: readonly SafetensorsTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const names = new Set(['__metadata__'])
  const fields =
    Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : []
  let offset = 0
  for (const { name, shape, precision = 'float32' } of tensors) {
    const { dtype, bytes } = DTYPES[precision]
    if (names.has(name)) throw new Error(`safetensors: the tensor name ${name} is taken`)
    names.add(name)
    const end = offset + bytes * elements(shape)
    // Written by hand: an object would put names that look like numbers first.
    fields.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`,
    )
    offset = end
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`)
  const padded = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + padded).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true)
  header.set(json, 8)
  return header
}
