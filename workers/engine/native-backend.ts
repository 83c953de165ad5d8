/** The part of tfjs-node that lies below tfjs: TensorFlow's ops by name, tensor handles by number, and sessions. */
import { tf } from './tensorflow.ts'

/** An attribute of an op; `type` is one of the binding's `TF_ATTR_…`. */
export interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: unknown
}

/** What the addon says about a tensor that an op or a session gave. */
export interface TensorHandle {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: number
}

export type HostValues = Float32Array | Int32Array | Uint8Array

type Constants =
  | 'TF_FLOAT'
  | 'TF_INT32'
  | 'TF_BOOL'
  | 'TF_STRING'
  | 'TF_UINT8'
  | 'TF_RESOURCE'
  | 'TF_ATTR_STRING'
  | 'TF_ATTR_INT'
  | 'TF_ATTR_FLOAT'
  | 'TF_ATTR_BOOL'
  | 'TF_ATTR_TYPE'
  | 'TF_ATTR_SHAPE'

/** tfjs-node's addon. */
export interface Binding extends Readonly<Record<Constants, number>> {
  /** Of the TensorFlow that computes. */
  readonly TF_Version: string
  /** The tensor may share the memory of `values` until it is deleted. */
  createTensor(shape: readonly number[], dtype: number, values: HostValues): number
  deleteTensor(id: number): void
  /** A copy. */
  tensorDataSync(id: number): HostValues
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorHandle[]
  loadSavedModel(folder: string, tags: string): number
  deleteSavedModel(session: number): void
  /** Names are `op:output`, joined by commas. */
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorHandle[]
}

export type NativeBackend = ReturnType<typeof tf.backend> & {
  binding: Binding
  /** Uploads what tfjs has kept on the host so far. */
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[]
  /** The tensor of a handle, which it now owns. */
  createOutputTensor(handle: TensorHandle): tf.Tensor
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tf.Tensor[]): tf.Tensor
  executeMultipleOutputs(
    name: string,
    attributes: Attribute[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[]
}

export const nativeBackend = (): NativeBackend => tf.backend() as NativeBackend
