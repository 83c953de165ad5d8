/** Stored models. */
import type { ForeignGraph, SavedModelPart } from './foreign-graph.ts'
import type { Network } from './network.ts'
import type { ModelRole } from './words.ts'

/** `(x - mean) / standardDeviation` over the last axis of the input; part of a model, applied before its first layer. */
export interface Normalization {
  readonly mean: readonly number[]
  readonly standardDeviation: readonly number[]
}

/** Logits that were computed elsewhere, one row for each row of a dataset and in its order. */
export interface RecordedOutputs {
  /** Of the dataset: a job on other content cannot use them. */
  readonly contentSha256: string
  readonly rows: number
  /** Blob of a .npy file with the header of `npyHeader`: float32 `[rows, classes]`. */
  readonly sha256: string
}

/** A model that another library runs. */
interface ForeignForm {
  readonly graph: ForeignGraph
  readonly normalization: Normalization | null
  /** Blob of the file as it was uploaded. */
  readonly modelSha256: string
}

/**
 * What a model is made of. Each form answers rows of a dataset with logits; what else it has differs. To add a form, add a
 * member here and to `TeacherFiles` of the trainer contract: the compiler lists the rest.
 */
export type ModelForm =
  | {
      readonly kind: 'network'
      readonly network: Network
      readonly normalization: Normalization | null
      /** Blob of a safetensors file. */
      readonly weightsSha256: string
    }
  | {
      readonly kind: 'outputs'
      /** What was uploaded. Kept are logits in either case: of probabilities, their logarithms. */
      readonly represents: 'logits' | 'probabilities'
      readonly dataset: RecordedOutputs
      /** Null: a job with a test set cannot use them. */
      readonly testSet: RecordedOutputs | null
    }
  | ({ readonly kind: 'onnx' } & ForeignForm)
  | ({ readonly kind: 'saved-model'; readonly part: SavedModelPart } & ForeignForm)

/** `format` in the metadata of a model's safetensors file. */
export const MODEL_FORMAT = 'distillery-model/1'

/** Formats in which a network is given out. */
export const WEIGHT_FORMATS = ['safetensors', 'tfjs', 'onnx', 'savedmodel'] as const
export type WeightFormat = (typeof WEIGHT_FORMATS)[number]

/** Files that a model may have; which ones depends on its form. */
export const MODEL_FILES = [...WEIGHT_FORMATS, 'outputs', 'test-outputs'] as const
export type ModelFile = (typeof MODEL_FILES)[number]

/** How numbers are stored in a file; all computing is done in float32. */
export const PRECISIONS = ['float32', 'float16'] as const
export type Precision = (typeof PRECISIONS)[number]

/** Where a model comes from. */
export interface Lineage {
  /** The job that trained it. */
  readonly jobId: string
  readonly role: ModelRole
  /** Which member or assistant, from 0; 0 for other roles. */
  readonly index: number
  /** Ids of the stored models that taught it: its teacher, or the members of an ensemble; empty where labels did. */
  readonly taughtBy: readonly string[]
}

export interface Model {
  readonly id: string
  readonly name: string
  readonly source: 'upload' | 'job'
  readonly form: ModelForm
  readonly classes: number
  /** Null for an uploaded teacher, which knows classes by index only. */
  readonly classNames: readonly string[] | null
  readonly files: Readonly<Partial<Record<ModelFile, { sha256: string; sizeBytes: number }>>>
  /** Null for a model that was uploaded. */
  readonly lineage: Lineage | null
  readonly createdAt: Date
}
