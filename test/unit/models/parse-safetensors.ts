/** A reader of safetensors files that shares nothing with the writer. */
export function parseSafetensors(file: Buffer) {
  const headerBytes = Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<string, unknown>
  const data = file.subarray(8 + headerBytes)
  const { __metadata__: metadata, ...rest } = header
  const tensors = new Map<string, { shape: number[]; values: Float32Array }>()
  for (const [name, value] of Object.entries(rest)) {
    const entry = value as { dtype: string; shape: number[]; data_offsets: [number, number] }
    if (entry.dtype !== 'F32') throw new Error(`${name}: ${entry.dtype}`)
    const [start, end] = entry.data_offsets
    const values = new Float32Array((end - start) / 4)
    for (let at = 0; at < values.length; at++) values[at] = data.readFloatLE(start + 4 * at)
    tensors.set(name, { shape: entry.shape, values })
  }
  return { metadata: (metadata ?? {}) as Record<string, string>, tensors, data, header }
}
