/** How alike two layers are in which rows they find alike, whatever their widths. */

/** What a layer gives: `[rows, width]`, row by row. */
export interface Features {
  readonly values: Float32Array
  readonly width: number
}

/** Multiply-adds that a comparison may cost: some two seconds. */
const MOST_WORK = 2e9

/**
 * Rows that can be compared in a bearable time.
 * @param widths of both layers together
 */
export function comparableRows(widths: number): number {
  const byColumns = (2 * MOST_WORK) / widths ** 2
  return Math.floor(byColumns >= widths ? byColumns : Math.sqrt((2 * MOST_WORK) / widths))
}

/** Each feature less its mean over the rows. */
function centred({ values, width }: Features): Float64Array {
  const rows = values.length / width
  const means = new Float64Array(width)
  for (let at = 0; at < values.length; at++)
    means[at % width] = (means[at % width] as number) + (values[at] as number) / rows
  return Float64Array.from(values, (value, at) => value - (means[at % width] as number))
}

function transposed(values: Float64Array, width: number): Float64Array {
  const rows = values.length / width
  const result = new Float64Array(values.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column++)
      result[column * rows + row] = values[row * width + column] as number
  return result
}

/** Product of vector `i` of `a` and vector `j` of `b`, both `length` long. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, length: number): number {
  let sum = 0
  for (let at = 0; at < length; at++)
    sum += (a[i * length + at] as number) * (b[j * length + at] as number)
  return sum
}

interface Sums {
  readonly xy: number
  readonly xx: number
  readonly yy: number
}

/** ‖XᵀY‖², ‖XᵀX‖² and ‖YᵀY‖² (Frobenius) out of the products of features. */
function byFeatures(x: Float64Array, y: Float64Array, p: number, q: number): Sums {
  const rows = x.length / p
  const [ofX, ofY] = [transposed(x, p), transposed(y, q)]
  const squares = (a: Float64Array, m: number, b: Float64Array, n: number): number => {
    let sum = 0
    for (let i = 0; i < m; i++)
      for (let j = a === b ? i : 0; j < n; j++)
        sum += (a === b && i !== j ? 2 : 1) * dot(a, i, b, j, rows) ** 2
    return sum
  }
  return {
    xy: squares(ofX, p, ofY, q),
    xx: squares(ofX, p, ofX, p),
    yy: squares(ofY, q, ofY, q),
  }
}

/** The same, out of the products of rows: `⟨XXᵀ, YYᵀ⟩` and the squares of both. */
function byRows(x: Float64Array, y: Float64Array, p: number, q: number): Sums {
  const rows = x.length / p
  const sums = { xy: 0, xx: 0, yy: 0 }
  for (let i = 0; i < rows; i++)
    for (let j = i; j < rows; j++) {
      const times = i === j ? 1 : 2
      const [k, l] = [dot(x, i, x, j, p), dot(y, i, y, j, q)]
      sums.xy += times * k * l
      sums.xx += times * k * k
      sums.yy += times * l * l
    }
  return sums
}

/**
 * CKA = ‖YᵀX‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F), X and Y with features of mean 0. 1 where one layer is the other, turned and scaled; 0
 * where nothing linear in one says anything about the other. The same by products of features or of rows; the cheaper is
 * taken. With few rows for wide layers it comes out too high: random features of many more dimensions than rows come near 1.
 *
 * @returns null where a layer gives every row the same
 * @see Kornblith et al. 2019, arXiv:1905.00414, section 3 and equation 3
 */
export function linearCka(one: Features, other: Features): number | null {
  const [p, q] = [one.width, other.width]
  const [x, y] = [centred(one), centred(other)]
  const rows = x.length / p
  if (rows !== y.length / q) throw new RangeError('both layers must have the same rows')
  const { xy, xx, yy } = p + q <= rows ? byFeatures(x, y, p, q) : byRows(x, y, p, q)
  const scale = Math.sqrt(xx) * Math.sqrt(yy)
  return scale > 0 ? xy / scale : null
}
