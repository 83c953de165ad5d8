import type { Network } from '../../src/domain/network.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import type { Training } from '../../src/domain/training.ts'
import type { Rows } from './datasets.ts'
import type { FittedNormalization } from './normalization.ts'
import { type Peer, peerState } from './peer.ts'
import type { NamedArray } from './weights.ts'

/** A trained network whose weights stay as they are. */
export interface TeacherNetwork {
  readonly network: Network
  readonly weights: readonly NamedArray[]
  readonly normalization: FittedNormalization | null
}

/** Everything a training depends on. */
export interface TrainingInput {
  readonly network: Network
  readonly objective: readonly ResolvedTerm[]
  readonly training: Training
  readonly initialWeights: readonly NamedArray[]
  readonly data: Rows
  /** The rows of `data` to train on. */
  readonly rows: Uint32Array
  /** Rows of `data` that are measured after each epoch and not trained on; absent where the training asks for none. */
  readonly validationRows?: Uint32Array
  readonly normalization: FittedNormalization | null
  /** Of every row of `data`; −1 where it must not be used. */
  readonly labels: Int32Array
  /** `[data.count, classes]`, or null where no term needs it. */
  readonly teacherLogits: Float32Array | null
  /**
   * A teacher that answers inside the step: on augmented rows, or because its layers are compared; absent where
   * `teacherLogits` do, or no term needs any.
   */
  readonly teacher?: TeacherNetwork
  /** A second student that is trained along and teaches this one; its weights are no part of the network's. */
  readonly peer?: Peer
  /** Whether the network reads what the teacher gives, instead of the rows, and is to give it back. */
  readonly reconstructsTeacher?: boolean
  /** Weights of terms, trained with the network's and not part of it; see `losses/term-weights.ts`. */
  readonly projectors?: readonly NamedArray[]
  /** What terms were told before the training, for example prototypes. */
  readonly constants?: readonly NamedArray[]
  /** What terms leave from step to step, as it is at the start; see `losses/term-memories.ts`. */
  readonly memories?: readonly NamedArray[]
  readonly classes: number
  /** Of a training that goes on where another one ended: epochs before it, and of both together. */
  readonly partOf?: { readonly epochsBefore: number; readonly epochsInAll: number }
  /** Of the batch order; of dropout and augmentation. */
  readonly seeds: { readonly batches: number; readonly dropout: number }
}

/** Whether a step has to know which of the training rows it is given. */
export const remembersRows = ({ memories = [] }: TrainingInput): boolean => memories.length > 0

/** What gradients change beside the weights of the network: projectors of terms, then a peer. */
export const trainedBeside = ({ projectors = [], peer }: TrainingInput): NamedArray[] => [
  ...projectors,
  ...(peer ? peerState(peer).trainable : []),
]

/** What each step gives anew beside the moving averages of the network: memories of terms, then the averages of a peer. */
export const movedBeside = ({ memories = [], peer }: TrainingInput): NamedArray[] => [
  ...memories,
  ...(peer ? peerState(peer).movingAverages : []),
]

/** Of each row of the data: its place among the training rows. Places of other rows say nothing. */
export function trainingPositions({ data, rows }: TrainingInput): Int32Array {
  const positions = new Int32Array(data.count)
  for (const [position, row] of rows.entries()) positions[row] = position
  return positions
}

/** Of which this training may be a part. */
export const epochsInAll = ({ partOf, training }: TrainingInput): number =>
  partOf?.epochsInAll ?? training.epochs
