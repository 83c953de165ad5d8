/** A job with every default filled in and every reference looked up: what tasks are made from, and what the report records. */
import type { Evaluation } from './evaluation.ts'
import type { ModelForm } from './model.ts'
import type { Network, Shape } from './network.ts'
import type { ResolvedTerm, Stage, SuggestWeights } from './objective.ts'
import type { Training } from './training.ts'
import type { ResolvedTransfer } from './transfer.ts'

export interface GroupReference {
  /** Name of the column that they came from. */
  readonly column: string
  readonly count: number
  /** One little-endian int32 group index a row. */
  readonly sha256: string
}

export interface DatasetReference {
  readonly id: string
  readonly name: string
  readonly contentSha256: string
  readonly rows: number
  readonly inputShape: Shape
  readonly classNames: readonly string[]
  readonly featureType: 'uint8' | 'float32'
  readonly featuresSha256: string
  readonly labelsSha256: string
  /** There only where the dataset has groups. */
  readonly groups?: GroupReference
}

/** One network, or what answers like one. */
export type ResolvedMember =
  | { readonly kind: 'train'; readonly network: Network; readonly training: Training }
  | {
      readonly kind: 'model'
      readonly modelId: string
      readonly form: ModelForm
      /** The job that delivered it as its student, where it was given so. */
      readonly jobId?: string
    }

/** Shares of the members of an ensemble in its answers. */
export type ResolvedWeights =
  | { readonly kind: 'average' }
  /** They sum to 1. */
  | { readonly kind: 'given'; readonly values: readonly number[] }
  /** Found on rows that every trained member sets aside of its training rows. */
  | { readonly kind: 'inner-validation'; readonly fraction: number }

export interface ResolvedEnsemble {
  readonly kind: 'ensemble'
  readonly members: readonly ResolvedMember[]
  readonly weights: ResolvedWeights
}

/** A second student, trained in the tasks of the student. */
interface ResolvedPeer {
  readonly kind: 'peer'
  readonly network: Network
}

export type ResolvedTeacher = ResolvedMember | ResolvedEnsemble | ResolvedPeer

/** A network that is taught. */
export interface Learner {
  readonly network: Network
  readonly training: Training
  readonly objective: readonly ResolvedTerm[]
  /** Absent: the objective is the same in all epochs. Else `objective` has the terms of all stages. */
  readonly stages?: readonly Stage[]
  /** Absent: the weights of terms stay as given. */
  readonly suggestWeights?: SuggestWeights
}

export interface ResolvedJob {
  readonly name: string | null
  readonly dataset: DatasetReference
  readonly testSet: DatasetReference | null
  readonly teacher: ResolvedTeacher
  readonly student: { readonly network: Network; readonly training: Training }
  readonly objective: readonly ResolvedTerm[]
  /** Absent: the objective is the same in all epochs. Else `objective` has the terms of all stages. */
  readonly stages?: readonly Stage[]
  /** Absent: the weights of terms stay as given. */
  readonly suggestWeights?: SuggestWeights
  /** Assistants between teacher and student, in the order in which they are taught; absent: none. */
  readonly chain?: readonly Learner[]
  readonly transfer: ResolvedTransfer
  readonly preprocessing: { readonly normalization: 'standardize' | 'none' }
  readonly evaluation: Evaluation
  readonly seed: number
  /** What was decided for the client, in words. */
  readonly notes: readonly string[]
}
