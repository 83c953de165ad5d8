/** How far a student's probabilities are from its teacher's. */

/**
 * KL(teacher ‖ student) = Σ p_teacher (log p_teacher − log p_student) of each row, in nats, as
 * `scipy.special.rel_entr(p_teacher, p_student).sum(axis=1)`. In log space, so a student's probability that is too
 * small for a float gives a large number, where SciPy gives ∞. Never below 0: what rounding leaves there is cut off.
 *
 * @param teacher log probabilities `[rows, classes]`
 * @param student log probabilities `[rows, classes]`
 */
export function klOfRows(
  teacher: Float64Array,
  student: Float64Array,
  classes: number,
): Float64Array {
  const result = new Float64Array(student.length / classes)
  for (let row = 0; row < result.length; row++) {
    let sum = 0
    for (let at = row * classes; at < (row + 1) * classes; at++) {
      const log = teacher[at] as number
      sum += Math.exp(log) * (log - (student[at] as number))
    }
    result[row] = Math.max(0, sum)
  }
  return result
}
