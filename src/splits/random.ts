/**
 * Randomness by name. Every stream of random numbers has its own seed, derived by hashing what it is for, so that
 * adding a stream never shifts another. Numbers come from pure-rand: the same on every platform.
 */
import { createHash } from 'node:crypto'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A stream of random numbers; each draw moves it on. */
export type RandomStream = ReturnType<typeof xoroshiro128plus>

/** What a stream is for, for example `'weights', 'student', 3`. */
type SeedLabel = string | number | null

/**
 * Derives the seed of one stream: the first 32 bits of SHA-256 over the JSON array `[seed, ...labels]`.
 * Stable: part of "same spec, same bytes".
 */
export const deriveSeed = (seed: number, ...labels: readonly SeedLabel[]): number =>
  createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest()
    .readUInt32BE(0)

/** Starts the stream of a seed. */
export const randomStream = (seed: number): RandomStream => xoroshiro128plus(seed)

/** Shuffles in place (Fisher and Yates): every order is equally likely. */
export function shuffle(values: Uint32Array | number[], random: RandomStream): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = uniformInt(random, 0, last)
    const value = values[last] ?? 0
    values[last] = values[other] ?? 0
    values[other] = value
  }
}
