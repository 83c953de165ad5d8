/**
 * Records what a function of tensors does: every op of TensorFlow that it runs, through the one door to the addon that
 * tfjs-node has. The record is the graph; nothing has to be derived from source code.
 */
import {
  type Attribute,
  type Binding,
  type HostValues,
  nativeBackend,
  type TensorHandle,
} from '../native-backend.ts'
import { tf } from '../tensorflow.ts'
import { CannotCompile } from './cannot-compile.ts'

interface Operation {
  readonly name: string
  readonly attributes: readonly Attribute[]
  readonly inputs: readonly number[]
  readonly outputs: readonly TensorHandle[]
}

/** A tensor made in JavaScript while recording: part of the program, like the axes of a sum. */
export interface HostConstant {
  readonly shape: readonly number[]
  readonly dtype: number
  readonly values: HostValues
}

/** Tensors are known by number; a number is never used twice in a process. */
export interface Recording {
  readonly operations: readonly Operation[]
  readonly constants: ReadonlyMap<number, HostConstant>
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

/** Draw from a generator inside TensorFlow, which a graph and an eager run would not share. */
const HIDDEN_RANDOMNESS = /^(Random|ParameterizedTruncated|Truncated|Multinomial)/

/** All functions and constants of the addon. They are read-only there, so that they cannot be replaced in place. */
function copyOf(binding: Binding): Binding {
  const copy: Record<string, unknown> = {}
  for (let level: object | null = binding; level && level !== Object.prototype; ) {
    for (const key of Object.getOwnPropertyNames(level))
      copy[key] ??= (binding as unknown as Record<string, unknown>)[key]
    level = Object.getPrototypeOf(level)
  }
  return copy as unknown as Binding
}

/**
 * Runs a function once and records it. The results are disposed unless they are inputs.
 * @param inputs everything that may differ from run to run
 * @throws CannotCompile when the function looks at numbers on the device, uses strings or hidden randomness
 */
export function record(inputs: readonly tf.Tensor[], run: () => readonly tf.Tensor[]): Recording {
  const backend = nativeBackend()
  const { binding } = backend
  const operations: Operation[] = []
  const constants = new Map<number, HostConstant>()
  const inputIds = backend.getInputTensorIds(inputs)
  const recorder: Binding = {
    ...copyOf(binding),
    executeOp(name, attributes, ids, count) {
      if (HIDDEN_RANDOMNESS.test(name))
        throw new CannotCompile(`${name} draws random numbers that no seed comes in for`)
      const outputs = binding.executeOp(name, attributes, ids, count)
      operations.push({ name, attributes: [...attributes], inputs: [...ids], outputs })
      return outputs
    },
    createTensor(shape, dtype, values) {
      if (dtype === binding.TF_STRING || !ArrayBuffer.isView(values))
        throw new CannotCompile('a tensor of strings has no place in a training step')
      const id = binding.createTensor(shape, dtype, values)
      constants.set(id, { shape: [...shape], dtype, values: values.slice() })
      return id
    },
    tensorDataSync() {
      throw new CannotCompile('the step reads numbers from the device and could decide by them')
    },
  }
  backend.binding = recorder
  try {
    const results = tf.tidy(() => [...run()])
    const outputs = backend.getInputTensorIds(results)
    const given = new Set(inputs)
    for (const result of results) if (!given.has(result)) result.dispose()
    return { operations, constants, inputs: inputIds, outputs }
  } finally {
    backend.binding = binding
  }
}
