/** Reference values of losses and their gradients, from PyTorch in float64. */
import { expect } from 'vitest'
import { METHOD_CARDS, type MethodId } from '../../../../src/domain/methods/cards.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import { fixture, readJson } from '../support.ts'

export type Nested = number | Nested[]
interface Input {
  shape: number[]
  dtype: 'float32' | 'int32'
  data: Nested
}
interface Tolerance {
  rtol: number
  atol: number
  gradRtol: number
  gradAtol: number
}
interface Expected {
  value: number
  grad_student: Nested
  tolerance: Tolerance
}
export interface GoldenCase extends Expected {
  id: string
  method: string
  kind: string
  inputs: Record<string, Input>
  options: Record<string, unknown>
  student_input: string
  grad_other?: Record<string, Nested>
  components?: Record<string, Expected>
  aux?: Record<string, Nested>
}
export interface GoldenPrimitive {
  id: string
  inputs: Record<string, Input>
  options: Record<string, number>
  output: Nested
}
interface GoldenFile {
  methods: Record<string, { defaults: Record<string, unknown>; zero_at_equality: boolean }>
  primitives: GoldenPrimitive[]
  cases: GoldenCase[]
}

/** The one of this repository, which has every method. */
export const OWN_FILE = readJson(fixture('golden/losses.json')) as GoldenFile

/** Another file of the same schema may be given, for example of another seed. */
export const GIVEN_FILE = process.env.GOLDEN_FILE
  ? (readJson(process.env.GOLDEN_FILE) as GoldenFile)
  : OWN_FILE

export const flat = (data: Nested): number[] => (Array.isArray(data) ? data.flatMap(flat) : [data])

/** Numbers have at most six decimals and are meant as float32. */
export function tensor({ shape, dtype, data }: Input): tf.Tensor {
  const numbers = flat(data)
  const values = dtype === 'int32' ? Int32Array.from(numbers) : Float32Array.from(numbers)
  return tf.tensor(values, shape, dtype)
}

export const tensors = (inputs: Record<string, Input>): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, tensor(input)]))

/** |got − want| ≤ atol + rtol |want|, entry by entry. */
export function expectAllClose(
  got: ArrayLike<number>,
  want: readonly number[],
  rtol: number,
  atol: number,
  what: string,
): void {
  expect(got.length, what).toBe(want.length)
  for (const [index, value] of want.entries()) {
    const entry = got[index] ?? Number.NaN
    if (Math.abs(entry - value) <= atol + rtol * Math.abs(value)) continue
    expect.fail(`${what}, entry ${index}: ${entry} instead of ${value}`)
  }
}

/** @throws by name for what the project does not have */
export function methodOf({ id, method }: GoldenCase): MethodId {
  if (method in METHOD_CARDS) return method as MethodId
  throw new Error(`${id}: there is no method ${method}`)
}

export const defaultsOf = (method: MethodId): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(METHOD_CARDS[method].options).map(([name, schema]) => [
      name,
      (schema as { default?: unknown }).default,
    ]),
  )

/** The normalizers of `contrastive` are measured, so its card has none. */
const MEASURED = ['normalizerStudent', 'normalizerTeacher']

/** Every option of a method: those of the case, the rest by default. */
export function optionsOf(item: GoldenCase): Record<string, unknown> {
  const method = methodOf(item)
  const defaults = defaultsOf(method)
  for (const name of Object.keys(item.options))
    if (!(name in defaults) && !MEASURED.includes(name))
      throw new Error(`${item.id}: ${method} has no option ${name}`)
  return { ...defaults, ...item.options }
}
