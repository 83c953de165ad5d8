/** Undoes gzip while streaming, with limits against files that inflate without end. */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ByteSource } from './byte-source.ts'
import { DatasetError } from './dataset-error.ts'

/** Images and tables stay far below; a file made to exhaust memory reaches 1000. */
const MAX_RATIO = 200
/** Below this size no ratio is suspicious. */
const RATIO_FREE_BYTES = 1024 * 1024

const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')

const badGzip = (file: string): DatasetError =>
  new DatasetError(
    'bad-gzip',
    `the ${file} file is gzip but damaged, cut off or followed by other bytes: send it again`,
  )

async function* inflate(
  bytes: ByteSource,
  maxBytes: number,
  file: string,
): AsyncGenerator<Uint8Array, void> {
  let compressed = 0
  const count = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of bytes.rest()) {
      compressed += chunk.length
      yield chunk
    }
  }
  const input = Readable.from(count())
  const gunzip = createGunzip()
  input.on('error', (error) => gunzip.destroy(error))
  let inflated = 0
  try {
    for await (const chunk of input.pipe(gunzip)) {
      inflated += chunk.length
      if (inflated > maxBytes)
        throw new DatasetError(
          'too-large',
          `the ${file} file inflates to more than ${maxBytes} bytes, which is not allowed`,
        )
      if (inflated > RATIO_FREE_BYTES && inflated > MAX_RATIO * compressed)
        throw new DatasetError(
          'inflates-too-much',
          `the ${file} file inflates to more than ${MAX_RATIO} times its size: send it without gzip`,
        )
      yield chunk
    }
    // Depending on where chunks end, zlib takes what follows its data for a damaged file or does not look at it.
    if (gunzip.bytesWritten < compressed) throw badGzip(file)
  } catch (error) {
    throw isZlibError(error) ? badGzip(file) : error
  } finally {
    gunzip.destroy()
    input.destroy()
  }
}

/**
 * The bytes themselves, or what they inflate to where they begin like gzip.
 *
 * @param maxBytes that may come out of gzip
 * @param file     name for messages, for example "images"
 */
export async function inflateIfGzip(
  bytes: ByteSource,
  maxBytes: number,
  file: string,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  const head = await bytes.peek(2)
  if (head[0] !== 0x1f || head[1] !== 0x8b) return bytes
  return new ByteSource(inflate(bytes, maxBytes, file), signal)
}
