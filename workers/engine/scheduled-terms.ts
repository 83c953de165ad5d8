/**
 * Weights and temperatures that change over a training. They reach a step as numbers that it is fed, as the learning rate
 * does, so that a graph stays one program; what does not change stays a constant of the program.
 */
import type { Method } from '../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm, TermOf } from '../../src/domain/objective.ts'
import { numberAt, type ScheduledNumber, weightAt } from '../../src/domain/term-schedule.ts'
import type { Temperature } from './losses/primitives/temperature.ts'
import { tf } from './tensorflow.ts'

type LiveOptions<Options> = {
  readonly [Name in keyof Options]: Name extends 'temperature' ? Temperature : Options[Name]
}

/** A term as a step has it. */
export type LiveTermOf<M extends Method> = LiveOptions<Omit<TermOf<M>, 'weight' | 'untilEpoch'>> & {
  readonly weight: number | tf.Scalar
}
export type LiveTerm = { [M in Method]: LiveTermOf<M> }[Method]

const temperatureOf = (term: ResolvedTerm): ScheduledNumber | undefined =>
  'temperature' in term ? term.temperature : undefined

const changes = (value: ScheduledNumber | undefined): boolean => typeof value === 'object'

const weightChanges = (term: ResolvedTerm): boolean =>
  changes(term.weight) || term.untilEpoch !== undefined

/** How many numbers a step is fed. */
export const scheduledCount = (objective: readonly ResolvedTerm[]): number =>
  objective.reduce(
    (count, term) => count + (weightChanges(term) ? 1 : 0) + (changes(temperatureOf(term)) ? 2 : 0),
    0,
  )

/**
 * The numbers of a step: of each term the weight, then 1 / T and T², each where it changes.
 * @param epochs finished ones when the step begins, with fractions
 */
export const scheduledNumbers = (objective: readonly ResolvedTerm[], epochs: number): number[] =>
  objective.flatMap((term) => {
    const temperature = temperatureOf(term)
    const T = changes(temperature) ? numberAt(temperature as ScheduledNumber, epochs) : null
    return [
      ...(weightChanges(term) ? [weightAt(term, epochs)] : []),
      ...(T === null ? [] : [1 / T, T ** 2]),
    ]
  })

/** @param epochs finished ones when the step begins, with fractions */
export const weightsAt = (objective: readonly ResolvedTerm[], epochs: number): number[] =>
  objective.map((term) => weightAt(term, epochs))

/**
 * Terms with the numbers that a step was fed.
 * @param fed `[scheduledCount]`, absent where that is 0
 */
export function liveTerms(
  objective: readonly ResolvedTerm[],
  fed: tf.Tensor1D | undefined,
): LiveTerm[] {
  let place = 0
  const next = (): tf.Scalar => {
    if (!fed) throw new Error('an objective with schedules needs their numbers in each step')
    return tf.reshape(tf.slice(fed, [place++], [1]), [])
  }
  return objective.map((term) => {
    const { weight, untilEpoch: _, ...options } = term
    const liveWeight = weightChanges(term) ? next() : weight
    const temperature = temperatureOf(term)
    const live = changes(temperature) ? { temperature: { inverse: next(), squared: next() } } : {}
    return { ...options, ...live, weight: liveWeight } as LiveTerm
  })
}
