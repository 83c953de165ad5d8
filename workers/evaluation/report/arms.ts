/** The same of every arm. */
import type { ComparedArm } from '../../../src/domain/words.ts'

export interface ByArm<Value> {
  readonly teacher: Value
  readonly distilled: Value
  /** Null where none was trained. */
  readonly control: Value | null
}

export const mapArms = <From, To>(
  arms: ByArm<From>,
  to: (value: From, arm: ComparedArm) => To,
): ByArm<To> => ({
  teacher: to(arms.teacher, 'teacher'),
  distilled: to(arms.distilled, 'distilled'),
  control: arms.control === null ? null : to(arms.control, 'control'),
})

/** Of all parts; they all have a control, or none has. */
export const armsOfParts = <Part, Value>(
  parts: readonly Part[],
  of: (part: Part) => ByArm<Value>,
): ByArm<Value[]> => {
  const controls = parts.flatMap((part) => of(part).control ?? [])
  return {
    teacher: parts.map((part) => of(part).teacher),
    distilled: parts.map((part) => of(part).distilled),
    control: controls.length === 0 ? null : controls,
  }
}
