/** Stored networks. */
import type { Network } from './network.ts'

/** `(x - mean) / standardDeviation` over the last axis of the input; part of a model, applied before its first layer. */
export interface Normalization {
  readonly mean: readonly number[]
  readonly standardDeviation: readonly number[]
}

/** `format` in the metadata of a model's safetensors file. */
export const MODEL_FORMAT = 'distillery-model/1'

export const WEIGHT_FORMATS = ['safetensors', 'tfjs', 'onnx', 'savedmodel'] as const
export type WeightFormat = (typeof WEIGHT_FORMATS)[number]

/** How numbers are stored in a file; all computing is done in float32. */
export const PRECISIONS = ['float32', 'float16'] as const
export type Precision = (typeof PRECISIONS)[number]

export interface Model {
  readonly id: string
  readonly name: string
  readonly source: 'upload' | 'job'
  readonly network: Network
  readonly normalization: Normalization | null
  readonly classes: number
  /** Null for an uploaded teacher, which knows classes by index only. */
  readonly classNames: readonly string[] | null
  readonly parameters: number
  readonly sizeBytes: number
  readonly files: Readonly<Partial<Record<WeightFormat, { sha256: string; sizeBytes: number }>>>
  /** The job that trained it, and in which role. */
  readonly lineage: { readonly jobId: string; readonly role: 'teacher' | 'student' } | null
  readonly createdAt: Date
}
