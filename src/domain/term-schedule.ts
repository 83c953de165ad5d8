/** Numbers of a term that change over a training: schedules of weights and temperatures. Pure. */
import { type Static, type TSchema, Type } from 'typebox'

const SHAPES = ['linear', 'cosine', 'step'] as const

/** Epochs are finished ones, with fractions: 0 before the first step, 0.5 in the middle of the first epoch. */
export interface TermSchedule {
  readonly from: number
  readonly to: number
  readonly shape: (typeof SHAPES)[number]
  /** Up to here it is `from`. */
  readonly startEpoch: number
  /** From here on it is `to`. */
  readonly endEpoch: number
}

export type ScheduledNumber = number | TermSchedule

/** As a client sends it. */
export type ScheduledNumberSpec =
  | number
  | (Pick<TermSchedule, 'from' | 'to'> & Partial<Omit<TermSchedule, 'from' | 'to'>>)

const EPOCHS = { minimum: 0, maximum: 10_000 }

/**
 * A number, or a schedule between two numbers that it allows. One schema and not a union: Ajv then speaks of the form that
 * the client chose only.
 * @param number schema of the number
 */
export function scheduledSchema(number: TSchema & { readonly description?: string }): TSchema {
  const { description, default: _, ...bounds } = number as Record<string, unknown>
  const { properties, required } = Type.Object({
    from: Type.Unsafe<number>({ ...bounds, description: 'At the start.' }),
    to: Type.Unsafe<number>({ ...bounds, description: 'At the end, and from then on.' }),
    shape: Type.Optional(
      Type.Enum([...SHAPES], {
        default: 'linear',
        description:
          'linear and cosine (half a wave) change in every step; step jumps from one to the other at endEpoch.',
      }),
    ),
    startEpoch: Type.Optional(
      Type.Number({
        ...EPOCHS,
        default: 0,
        description: 'Finished epochs of the training, or of the stage, when it begins to change.',
      }),
    ),
    endEpoch: Type.Optional(
      Type.Number({
        ...EPOCHS,
        exclusiveMinimum: 0,
        description: 'Finished epochs when `to` is reached. Default: all of them.',
      }),
    ),
  })
  return Type.Unsafe<ScheduledNumberSpec>({
    ...number,
    type: ['number', 'object'],
    description: `${description ?? ''} A number, or a schedule from one to another.`.trim(),
    properties,
    required,
    additionalProperties: false,
  })
}

/** @param epochs of the training or stage */
export const resolveScheduled = (value: ScheduledNumberSpec, epochs: number): ScheduledNumber =>
  typeof value === 'number'
    ? value
    : {
        from: value.from,
        to: value.to,
        shape: value.shape ?? 'linear',
        startEpoch: value.startEpoch ?? 0,
        endEpoch: value.endEpoch ?? epochs,
      }

/**
 * The number in a step. With s the share of the way from `startEpoch` to `endEpoch`, in [0, 1]:
 *
 * - linear: `from + (to − from) s`
 * - cosine: `from + (to − from) (1 − cos(π s)) / 2`
 * - step: `from` before `endEpoch`, `to` from then on
 *
 * @param epochs finished ones when the step begins, with fractions
 */
export function numberAt(value: ScheduledNumber, epochs: number): number {
  if (typeof value === 'number') return value
  const { from, to, shape, startEpoch, endEpoch } = value
  // Exactly, whatever rounding does on the way.
  if (epochs >= endEpoch) return to
  if (epochs <= startEpoch || shape === 'step') return from
  const share = (epochs - startEpoch) / (endEpoch - startEpoch)
  return from + (to - from) * (shape === 'linear' ? share : (1 - Math.cos(Math.PI * share)) / 2)
}

/** What of a term says how much it counts. */
interface Weighted {
  readonly weight: ScheduledNumber
  /** After so many epochs the weight is 0. */
  readonly untilEpoch?: number
}

export const weightAt = ({ weight, untilEpoch = Infinity }: Weighted, epochs: number): number =>
  epochs >= untilEpoch ? 0 : numberAt(weight, epochs)

/** Whether a term never counts. */
export const isWithoutWeight = ({ weight }: Weighted): boolean =>
  typeof weight === 'number' ? weight === 0 : weight.from === 0 && weight.to === 0

/** A schedule with its numbers multiplied. */
export const scaled = (value: ScheduledNumber, factor: number): ScheduledNumber =>
  typeof value === 'number'
    ? value * factor
    : { ...value, from: value.from * factor, to: value.to * factor }

export const UntilEpoch = Type.Integer({ minimum: 1, maximum: 10_000 })
export type UntilEpoch = Static<typeof UntilEpoch>
