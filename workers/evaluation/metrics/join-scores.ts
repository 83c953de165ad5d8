/** Rows of several folds as one. */
import type { RowScores, TeacherScores } from './row-scores.ts'

type Numbers = Uint8Array | Int32Array | Float64Array

function joined<Kind extends Numbers>(
  parts: readonly Kind[],
  empty: (length: number) => Kind,
): Kind {
  const whole = empty(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

const bytes = (parts: readonly Uint8Array[]): Uint8Array =>
  joined(parts, (length) => new Uint8Array(length))
const integers = (parts: readonly Int32Array[]): Int32Array =>
  joined(parts, (length) => new Int32Array(length))
const floats = (parts: readonly Float64Array[]): Float64Array =>
  joined(parts, (length) => new Float64Array(length))

/** All of them, or null where one is missing. */
function all<Value>(values: readonly (Value | null)[]): Value[] | null {
  const known = values.filter((value) => value !== null)
  return known.length === values.length ? known : null
}

function joinTeachers(parts: readonly TeacherScores[]): TeacherScores {
  return {
    agrees: bytes(parts.map((part) => part.agrees)),
    teacherErrs: bytes(parts.map((part) => part.teacherErrs)),
    kl: floats(parts.map((part) => part.kl)),
  }
}

/**
 * In the order of the parts.
 *
 * @throws RangeError without parts
 */
export function joinScores(parts: readonly RowScores[]): RowScores {
  const [first] = parts
  if (!first) throw new RangeError('nothing to join')
  const topFive = all(parts.map((part) => part.topFive))
  const teachers = all(parts.map((part) => part.teacher))
  return {
    classes: first.classes,
    labels: integers(parts.map((part) => part.labels)),
    predictions: integers(parts.map((part) => part.predictions)),
    right: bytes(parts.map((part) => part.right)),
    topFive: topFive && bytes(topFive),
    nll: floats(parts.map((part) => part.nll)),
    brier: floats(parts.map((part) => part.brier)),
    confidence: floats(parts.map((part) => part.confidence)),
    bin: bytes(parts.map((part) => part.bin)),
    teacher: teachers && joinTeachers(teachers),
  }
}
