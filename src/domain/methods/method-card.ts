/** What is said about a distillation method to those who choose one. */
import type { TSchema } from 'typebox'

/** The four kinds of distillation a client can name without choosing a method. */
export type Variant = 'category' | 'feature' | 'key-point' | 'prototypical'

/**
 * What a method reads of each network: `logits`; `any`, the output of any layer; `vector`, an output `[batch, units]`;
 * `map`, an output `[batch, height, width, channels]`; `two-maps`, an earlier and a later one of those; `stages`, one of
 * those for each stage; `class-maps`, one map a class.
 */
export type Tap =
  | 'none'
  | 'logits'
  | 'any'
  | 'vector'
  | 'map'
  | 'two-maps'
  | 'stages'
  | 'class-maps'

/**
 * What else there must be: `labels`; `prototypes`, class means of the teacher's tap over the training rows; `peers`,
 * students that learn at the same time; `memories`, embeddings of all training rows; `margins`, one number a channel of the
 * teacher; `variances`, one trained number a channel; `encoders`, trained on both sides.
 */
export type Need =
  | 'labels'
  | 'prototypes'
  | 'peers'
  | 'memories'
  | 'margins'
  | 'variances'
  | 'encoders'

export interface MethodCard {
  readonly title: string
  readonly variant: Variant
  /** `own`: a construction of this project, of which no paper says that it works. */
  readonly origin: 'published' | 'own'
  readonly summary: string
  /** In terms of z, v (logits of student and teacher), F or f (features), y (label), p (prototypes). */
  readonly formula: string
  /** Which of several readings of the paper is meant, and how to get at the others. */
  readonly convention: string
  readonly citation: string
  readonly taps: Tap
  /** `responses`: only outputs that an activation comes right after. */
  readonly reads?: 'responses'
  readonly needsTeacher: boolean
  readonly needs: readonly Need[]
  /** Student and teacher taps of different widths need a projector in between. */
  readonly sameWidth: boolean
  /** Fewer rows than this in a batch, and the loss says nothing. */
  readonly minimumBatch: number
  readonly minimumClasses: number
  /** Beside a cross-entropy, in publications; null where there are none. Scales of losses are not comparable. */
  readonly usualWeight: number | null
  /** Schema of each option, with its default and range. */
  readonly options: Readonly<Record<string, TSchema>>
}
