/** What streams of random numbers are named after. Part of "same spec, same bytes". */
import type { Arm } from '../domain/words.ts'

interface Trained {
  readonly arm: Arm
  readonly index?: number
}

/** Control and distilled are the same student; each member and each assistant starts on its own. */
export function roleOf({ arm, index = 0 }: Trained): string {
  switch (arm) {
    case 'teacher':
      return 'teacher'
    case 'member':
    case 'assistant':
      return `${arm}-${index}`
    case 'distilled':
    case 'control':
      return 'student'
  }
}

/** Of the rows that are set aside: the members of an ensemble set the same ones aside. */
export const validationRoleOf = (trained: Trained): string =>
  trained.arm === 'member' ? 'teacher' : roleOf(trained)
