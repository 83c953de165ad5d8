/** Minimum, maximum, mean and spread of a stream of numbers. */

/**
 * Sums in float64, chunk by chunk: within a chunk around its own mean, and chunks joined by the pairwise formula of
 * Chan, Golub & LeVeque 1983, so that a large mean does not swallow a small spread.
 */
export class Profile {
  #count = 0
  #minimum = Number.POSITIVE_INFINITY
  #maximum = Number.NEGATIVE_INFINITY
  #mean = 0
  /** Sum of squared differences from the mean. */
  #squares = 0

  add(values: Uint8Array | Float32Array): void {
    const count = values.length
    if (count === 0) return
    let sum = 0
    for (let index = 0; index < count; index++) {
      const value = values[index] ?? 0
      sum += value
      if (value < this.#minimum) this.#minimum = value
      if (value > this.#maximum) this.#maximum = value
    }
    const mean = sum / count
    let squares = 0
    for (let index = 0; index < count; index++) {
      const difference = (values[index] ?? 0) - mean
      squares += difference * difference
    }
    const total = this.#count + count
    const shift = mean - this.#mean
    this.#squares += squares + shift * shift * ((this.#count * count) / total)
    this.#mean += (shift * count) / total
    this.#count = total
  }

  /** Population standard deviation; of no numbers everything is NaN or infinite. */
  finish(): { minimum: number; maximum: number; mean: number; standardDeviation: number } {
    return {
      minimum: this.#minimum,
      maximum: this.#maximum,
      mean: this.#mean,
      standardDeviation: Math.sqrt(this.#squares / this.#count),
    }
  }
}
