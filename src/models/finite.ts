/** NaN and infinity in float32 bytes that come in pieces. */

/**
 * Reads the bits instead of the numbers, so that a piece may begin in the middle of one:
 * a float32 is not finite exactly when the 8 bits of its exponent, in its last two bytes, are all 1.
 *
 * @param bytes  little-endian, a part of a tensor
 * @param offset of the part in its tensor, in bytes
 * @param before the byte that came before the part
 * @returns index of the first number that is not finite, of those that end in this part
 */
export function firstNotFinite(
  bytes: Uint8Array,
  offset: number,
  before: number,
): number | undefined {
  for (let last = 3 - (offset % 4); last < bytes.length; last += 4) {
    const high = bytes[last] ?? 0
    const low = last > 0 ? (bytes[last - 1] ?? 0) : before
    if ((high & 0x7f) === 0x7f && (low & 0x80) !== 0) return (offset + last - 3) / 4
  }
  return undefined
}
