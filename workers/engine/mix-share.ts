/** The share by which mixup mixes the rows of a step. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { deriveSeed, type RandomStream, randomStream } from './random.ts'

/** Standard normal (Box and Muller 1958). */
function normal(random: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniformFloat64(random)))
  return radius * Math.cos(2 * Math.PI * uniformFloat64(random))
}

/**
 * Logarithm of a number from Gamma(shape, 1), by Marsaglia & Tsang 2000. A shape below 1 is drawn as
 * Gamma(shape + 1) · U^(1/shape), in logarithms: for small shapes the number itself would underflow to 0.
 */
function logGamma(shape: number, random: RandomStream): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(1 - uniformFloat64(random)) / shape
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const u = 1 - uniformFloat64(random)
    if (Math.log(u) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return Math.log(d) + Math.log(v)
  }
}

/**
 * Draws from Beta(alpha, alpha) for one step; follows from the arguments alone.
 * @param seed of the training
 * @param step from 1
 * @returns in [0, 1]
 */
export function mixShare(alpha: number, seed: number, step: number): number {
  const random = randomStream(deriveSeed(seed, 'mixup', step))
  const [one, other] = [logGamma(alpha, random), logGamma(alpha, random)]
  return 1 / (1 + Math.exp(other - one))
}
