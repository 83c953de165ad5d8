/** By how much the biases of classes have to rise for them to be answered as often as they occur. Arrays in, numbers out. */

/** Classes take rows from each other, so a class may have to rise again after another did; each pass closes most of what is left. */
const MAX_PASSES = 100

interface Answers {
  /** `[rows, classes]`, row-major. */
  readonly logits: Float32Array
  readonly classes: number
}

/** What a row lacks until class `of` is its largest logit: the largest of the others, shifts included, minus its own. */
function lacks({ logits, classes }: Answers, shifts: Float64Array, of: number): Float64Array {
  const rows = logits.length / classes
  const result = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    let largest = Number.NEGATIVE_INFINITY
    for (let index = 0; index < classes; index++) {
      const value = (logits[row * classes + index] as number) + (shifts[index] as number)
      if (index !== of && value > largest) largest = value
    }
    result[row] = largest - (logits[row * classes + of] as number)
  }
  return result
}

/** Rows that are answered with a class. */
export function answeredWith(answers: Answers, shifts: Float64Array, of: number): number {
  const shift = shifts[of] as number
  return lacks(answers, shifts, of).reduce((count, lack) => count + (lack < shift ? 1 : 0), 0)
}

/**
 * Raises the logits of the wanted classes, never lowers one, until each is the answer on as many rows as are wanted for it.
 * Between the row that is just won and the next one the middle is taken. Several classes rise in turn.
 * @param wanted rows by class index, each from 0 to the number of rows
 * @returns shift of each class, `[classes]`; 0 for the classes that are not wanted
 */
export function raiseBiases(answers: Answers, wanted: ReadonlyMap<number, number>): Float64Array {
  const shifts = new Float64Array(answers.classes)
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    let isSettled = true
    for (const [of, rows] of wanted) {
      const lacking = lacks(answers, shifts, of).sort()
      const [won, next] = [lacking[rows - 1], lacking[rows]]
      if (won === undefined || won < (shifts[of] as number)) continue
      // Without a next row any shift beyond the last one does.
      const raised = next === undefined ? won + 1 : (won + next) / 2
      // Rows that lack exactly as much cannot be told apart.
      if (raised <= (shifts[of] as number)) continue
      shifts[of] = raised
      isSettled = false
    }
    if (isSettled) break
  }
  return shifts
}
