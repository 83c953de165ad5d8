/** Safetensors files as other programs write them, honest ones and others. */
export interface Entry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** @param header as text, whatever it says */
export const rawFile = (header: string, data: Uint8Array = new Uint8Array()): Buffer =>
  Buffer.concat([u64(BigInt(Buffer.byteLength(header))), Buffer.from(header), data])

export function safetensorsFile(
  entries: readonly Entry[],
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  let at = 0
  const described = entries.map(({ name, dtype, shape, bytes }) => {
    const from = at
    at += bytes.length
    return [name, { dtype, shape, data_offsets: [from, at] }] as const
  })
  return rawFile(
    JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(described) }),
    Buffer.concat(entries.map(({ bytes }) => bytes)),
  )
}

export const float32 = (values: Iterable<number>): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer)

/** The tensors of a file that {@link safetensorsFile} or PyTorch wrote. */
export function entriesOf(file: Buffer): Entry[] {
  const start = 8 + Number(file.readBigUInt64LE())
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  return Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => ({
        name,
        dtype,
        shape,
        bytes: file.subarray(start + from, start + to),
      }),
    )
}
