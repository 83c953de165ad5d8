/** Whether the schedules of terms fit a training, and leave something to learn in each of its epochs. */
import type { TermPointer } from './check-objective.ts'
import type { IssueList } from './issue-list.ts'
import { needsTeacher } from './methods/job-methods.ts'
import type { Objective, ResolvedTerm, Stage } from './objective.ts'
import { type ScheduledNumber, weightAt } from './term-schedule.ts'

function checkSchedule(
  value: ScheduledNumber,
  epochs: number,
  pointer: string,
  issues: IssueList,
): void {
  if (typeof value === 'number') return
  const { shape, startEpoch, endEpoch } = value
  if (shape === 'step' && startEpoch !== 0)
    issues.add(
      `${pointer}/startEpoch`,
      'option-not-applicable',
      'a step has no beginning: it jumps at `endEpoch`',
    )
  else if (startEpoch >= endEpoch)
    issues.add(
      `${pointer}/endEpoch`,
      'schedule-ends-before-start',
      `it would begin after ${startEpoch} epochs and end after ${endEpoch}`,
    )
  if (endEpoch > epochs)
    issues.add(
      `${pointer}/endEpoch`,
      'schedule-exceeds-epochs',
      `there are only ${epochs} epochs, so \`to\` would not be reached`,
    )
  else if (shape === 'step' && endEpoch === epochs)
    issues.add(
      `${pointer}/endEpoch`,
      'schedule-exceeds-epochs',
      `a step after all ${epochs} epochs changes nothing: give an earlier \`endEpoch\``,
    )
}

/** The first epoch, from 1, in which no term counts; null: there is none. */
function silentEpoch(objective: readonly ResolvedTerm[], epochs: number): number | null {
  const isSilent = (at: number): boolean => objective.every((term) => weightAt(term, at) === 0)
  // A weight that is 0 in one step of an epoch only does not count: hence also its middle.
  for (let epoch = 0; epoch < epochs; epoch++)
    if (isSilent(epoch) && isSilent(epoch + 0.5)) return epoch + 1
  return null
}

interface Part {
  readonly objective: readonly ResolvedTerm[]
  readonly epochs: number
  readonly pointer: string
}

function checkPart(
  { objective, epochs, pointer }: Part,
  pointerOf: TermPointer,
  issues: IssueList,
): void {
  for (const [index, term] of objective.entries()) {
    checkSchedule(term.weight, epochs, pointerOf(index, '/weight'), issues)
    if ('temperature' in term)
      checkSchedule(term.temperature, epochs, pointerOf(index, '/temperature'), issues)
    if (term.untilEpoch !== undefined && term.untilEpoch >= epochs)
      issues.add(
        pointerOf(index, '/untilEpoch'),
        'schedule-exceeds-epochs',
        `there are only ${epochs} epochs, so the term would never be switched off`,
      )
  }
  const silent = silentEpoch(objective, epochs)
  // Weights that are 0 all the time are another matter, which `checkObjective` and `checkStages` name.
  if (silent !== null && silentEpoch(objective, 1) === null)
    issues.add(
      pointer,
      'objective-is-zero',
      `every weight is 0 in epoch ${silent}: nothing would be learned; let a term go on`,
    )
}

/**
 * @param objective the terms of all stages
 * @param stages    null where there are none
 */
export function checkSchedules(
  spec: Objective | undefined,
  objective: readonly ResolvedTerm[],
  stages: readonly Stage[] | null,
  epochs: number,
  pointerOf: TermPointer,
  issues: IssueList,
): void {
  const until = spec?.distillUntilEpoch
  const pointer = '/objective/distillUntilEpoch'
  if (until !== undefined && stages)
    issues.add(
      pointer,
      'option-not-applicable',
      'stages have epochs of their own: end with a stage of labels only, or give terms an `untilEpoch`',
    )
  else if (until !== undefined && !objective.some(({ method }) => needsTeacher(method)))
    issues.add(pointer, 'option-not-applicable', 'no term has a teacher that could be switched off')
  const placeOf: TermPointer = (index, field) =>
    field === '/untilEpoch' && until !== undefined && !stages ? pointer : pointerOf(index, field)
  if (!stages) {
    checkPart({ objective, epochs, pointer: '/objective' }, placeOf, issues)
    return
  }
  let start = 0
  for (const [index, stage] of stages.entries()) {
    const first = start
    const part = { ...stage, pointer: `/objective/stages/${index}/terms` }
    checkPart(part, (term, field) => placeOf(first + term, field), issues)
    start += stage.objective.length
  }
}
