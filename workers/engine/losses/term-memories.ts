/** What terms leave from step to step, as it is at the start. */
import type { ResolvedTerm } from '../../../src/domain/objective.ts'
import { deriveSeed, randomStream, uniform } from '../random.ts'
import type { NamedArray } from '../weights.ts'
import { memoryName } from './term-weights.ts'

/** `[rows, width]`: vectors of length 1 that say nothing, each of a direction of its own. */
function directions(rows: number, width: number, seed: number): Float32Array {
  const values = uniform(rows * width, 1, randomStream(seed))
  for (let row = 0; row < rows; row++) {
    const vector = values.subarray(row * width, (row + 1) * width)
    const length = Math.hypot(...vector) || 1
    for (const [at, value] of vector.entries()) vector[at] = value / length
  }
  return values
}

/**
 * For each contrastive term: embeddings of all training rows by both networks, random until a row was seen, and the
 * logarithms of the normalizers with a third number, 1 once they are known.
 * @param rows that are trained on
 */
export const initializeMemories = (
  objective: readonly ResolvedTerm[],
  rows: number,
  seed: number,
): NamedArray[] =>
  objective.flatMap((term, index) => {
    if (term.method !== 'contrastive') return []
    const memory = (role: 'student' | 'teacher'): NamedArray => ({
      name: memoryName(index, role),
      shape: [rows, term.width],
      values: directions(rows, term.width, deriveSeed(seed, index, role)),
    })
    return [
      memory('student'),
      memory('teacher'),
      { name: memoryName(index, 'normalizers'), shape: [3], values: new Float32Array(3) },
    ]
  })
