/** All bytes of a source whose size is known, in one piece. */
export async function readWhole(
  source: AsyncIterable<Uint8Array>,
  sizeBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes)
  let at = 0
  for await (const chunk of source) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
