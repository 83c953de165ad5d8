/** How fast the student learns with its teacher and without. */
import type { Convergence } from '../domain/report/convergence.ts'
import { type Insertable, type Markup, markup } from '../markup.ts'
import { decimal, metricValue, NONE, seconds } from './format.ts'
import { table } from './table.ts'

type ArmConvergence = Convergence['arms']['distilled']
type Reached = ArmConvergence['ofControlFinal']

/** A target that was never reached is shown as ">N". */
const epochsTo = ({ epochs, beyondEpochs }: Reached): string => {
  if (epochs !== null) return decimal(epochs, Number.isInteger(epochs) ? 0 : 1)
  return beyondEpochs === null ? NONE : `>${beyondEpochs}`
}

const reached = (to: Reached): Insertable => [
  epochsTo(to),
  to.seconds === null ? null : markup`<small>${seconds(to.seconds)}</small>`,
]

const times = (value: number | null): string => (value === null ? NONE : `${value.toFixed(2)} ×`)

export function convergenceSection({ arms, speedUp, teacherSeconds }: Convergence): Markup {
  const { distilled, control } = arms
  const own = distilled.ofOwnFinal.map(({ fraction, reached: to }, index): Insertable[] => {
    const other = control.ofOwnFinal[index]
    return [
      `epochs to ${Math.round(100 * fraction)} % of its own final accuracy`,
      reached(to),
      other ? reached(other.reached) : NONE,
      NONE,
    ]
  })
  return table({
    caption: 'Speed of convergence on inner validation rows',
    note: `Mean curves over the folds. Speed-up: control / distilled; above 1 the teacher made the student faster. With the teacher's own training${teacherSeconds === null ? '' : ` (${seconds(teacherSeconds)})`} counted: ${times(speedUp.secondsWithTeacher)}.`,
    head: ['', 'distilled', 'control', 'speed-up'],
    rows: [
      ...own,
      [
        `epochs to the control's final accuracy, ${metricValue('accuracy', distilled.ofControlFinal.target)} %`,
        reached(distilled.ofControlFinal),
        reached(control.ofControlFinal),
        times(speedUp.epochs),
      ],
      [
        'mean accuracy over all epochs, %',
        metricValue('accuracy', distilled.meanAccuracy),
        metricValue('accuracy', control.meanAccuracy),
        NONE,
      ],
    ],
  })
}
