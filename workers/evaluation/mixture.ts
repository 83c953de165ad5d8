/** Several networks as one: the mixture of their probabilities, and the shares that suit labelled rows best. */

/** How the shares of {@link fitMixture} came out. */
export interface MixtureFit {
  /** `[members]`, 0 or more, of sum 1. */
  readonly weights: readonly number[]
  /** Mean negative log-likelihood of the labels under the mixture, in nats. */
  readonly nll: number
  /** The same where every member has the same share. */
  readonly averageNll: number
  /** No shares have an nll that is less by more than this. */
  readonly gap: number
}

const TOLERANCE = 1e-9
/** Steps are cheap and each one is an improvement, so that what is left over is small where this many do not suffice. */
const MOST_STEPS = 20_000

/** log of the sum of `exp(values[i])`, whatever their size. */
function logSumExp(values: Float64Array): number {
  const largest = values.reduce((top, value) => Math.max(top, value), Number.NEGATIVE_INFINITY)
  if (largest === Number.NEGATIVE_INFINITY) return largest
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0))
}

/** log softmax of one row of logits, at temperature 1, in float64. */
function logProbabilities(logits: Float32Array, row: number, classes: number): Float64Array {
  const values = Float64Array.from(logits.subarray(row * classes, (row + 1) * classes))
  const total = logSumExp(values)
  return values.map((value) => value - total)
}

/**
 * log p̄(class | row) = log Σₘ wₘ softmax(zₘ)[class]: the logits of a mixture.
 *
 * Their softmax is the mean of the probabilities of the members. They differ from other logits by a constant in each
 * row, which no softmax sees.
 *
 * @param members logits zₘ of each member, `[rows, classes]`, finite
 * @param weights `[members]`, of sum 1; a member with weight 0 has no part
 * @returns `[rows, classes]`
 */
export function mixLogits(
  members: readonly Float32Array[],
  weights: readonly number[],
  classes: number,
): Float32Array {
  const parts = members
    .map((logits, index) => ({ logits, logWeight: Math.log(weights[index] ?? 0) }))
    .filter(({ logWeight }) => logWeight > Number.NEGATIVE_INFINITY)
  const mixed = new Float32Array(members[0]?.length ?? 0)
  for (let row = 0; row < mixed.length / classes; row++) {
    const rows = parts.map(({ logits, logWeight }) =>
      logProbabilities(logits, row, classes).map((value) => value + logWeight),
    )
    for (let index = 0; index < classes; index++)
      mixed[row * classes + index] = logSumExp(Float64Array.from(rows, (one) => one[index] ?? 0))
  }
  return mixed
}

/**
 * Probability of the label under each member over that under the best of them, `[rows][members]`, and the sum of the
 * logarithms of the latter: ratios cannot all underflow, however sure and wrong the members are.
 */
function likelihoods(
  members: readonly Float32Array[],
  rows: Uint32Array,
  labels: Int32Array,
  classes: number,
): { ratios: Float64Array[]; logBest: number } {
  let logBest = 0
  const ratios = Array.from(rows, (row) => {
    const logs = Float64Array.from(
      members,
      (logits) => logProbabilities(logits, row, classes)[labels[row] ?? 0] ?? 0,
    )
    const best = logs.reduce((top, value) => Math.max(top, value), Number.NEGATIVE_INFINITY)
    logBest += best
    return logs.map((value) => Math.exp(value - best))
  })
  return { ratios, logBest }
}

/** Likelihood of a row under shares, up to the constant of the row. */
const mixed = (ratios: Float64Array, weights: Float64Array): number =>
  ratios.reduce((sum, ratio, index) => sum + ratio * (weights[index] ?? 0), 0)

/**
 * The shares w in the simplex that minimise −(1/N) Σₙ log Σₘ wₘ pₘ(yₙ | xₙ), by expectation maximisation (Dempster,
 * Laird & Rubin 1977): wₘ ← wₘ gₘ with gₘ = (1/N) Σₙ pₘ(yₙ | xₙ) / Σⱼ wⱼ pⱼ(yₙ | xₙ). Each step is an improvement, and the
 * problem is convex. It ends where max gₘ − 1 ≤ 1e-9: by convexity no shares are better by more than that.
 *
 * @param members logits of each member, `[all rows, classes]`, finite
 * @param rows    those to look at, not empty
 * @param labels  of all rows
 */
export function fitMixture(
  members: readonly Float32Array[],
  rows: Uint32Array,
  labels: Int32Array,
  classes: number,
): MixtureFit {
  const { ratios, logBest } = likelihoods(members, rows, labels, classes)
  const nllOf = (shares: Float64Array): number =>
    -(logBest + ratios.reduce((sum, row) => sum + Math.log(mixed(row, shares)), 0)) / rows.length
  const weights = new Float64Array(members.length).fill(1 / members.length)
  const averageNll = nllOf(weights)
  let gap = Number.POSITIVE_INFINITY
  for (let step = 0; step <= MOST_STEPS && gap > TOLERANCE; step++) {
    const gains = new Float64Array(members.length)
    for (const row of ratios) {
      const scale = 1 / (mixed(row, weights) * rows.length)
      for (const [index, ratio] of row.entries()) gains[index] = (gains[index] ?? 0) + ratio * scale
    }
    gap = Math.max(0, ...gains.map((gain) => gain - 1))
    if (gap <= TOLERANCE || step === MOST_STEPS) break
    for (const [index, gain] of gains.entries()) weights[index] = (weights[index] ?? 0) * gain
  }
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const shares = weights.map((weight) => weight / sum)
  return { weights: [...shares], nll: nllOf(shares), averageNll, gap }
}
