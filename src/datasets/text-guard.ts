/** Checks, chunk by chunk, that bytes are UTF-8 text. */
import { isUtf8 } from 'node:buffer'

/** Bytes at the end of `bytes` that begin a character whose rest is still to come, 0 to 3. */
function openCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}

/** Bytes before the first that is not part of a UTF-8 character. */
function validBytes(bytes: Uint8Array): number {
  let from = 0
  let to = bytes.length
  while (from < to) {
    const middle = Math.ceil((from + to) / 2)
    const part = bytes.subarray(0, middle)
    if (isUtf8(part.subarray(0, middle - openCharacter(part)))) from = middle
    else to = middle - 1
  }
  return from - openCharacter(bytes.subarray(0, from))
}

export interface GuardedText {
  /** Whole characters. */
  readonly text: Uint8Array
  /** What follows the text, where it cannot be text. */
  readonly problem: 'nul-byte' | 'not-utf8' | null
}

export class TextGuard {
  #open: Uint8Array = new Uint8Array(0)

  /** @param last true for the (possibly empty) end of the stream, where no character may be left open */
  check(chunk: Uint8Array, last = false): GuardedText {
    const bytes = this.#open.length > 0 ? Buffer.concat([this.#open, chunk]) : chunk
    const nul = bytes.indexOf(0)
    const open = last || nul >= 0 ? 0 : openCharacter(bytes)
    const end = nul >= 0 ? nul : bytes.length - open
    const text = bytes.subarray(0, end)
    this.#open = new Uint8Array(bytes.subarray(end))
    if (!isUtf8(text)) return { text: text.subarray(0, validBytes(text)), problem: 'not-utf8' }
    return { text, problem: nul >= 0 ? 'nul-byte' : null }
  }
}
