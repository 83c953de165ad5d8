import { expect, test } from 'vitest'
import { type Objective, resolveObjective } from '../../../src/domain/objective.ts'
import { type Targets, termLoss } from '../../../workers/engine/losses/terms.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { fixture, readJson } from './support.ts'

type Nested = number | Nested[]
interface Input {
  shape: number[]
  dtype: 'float32' | 'int32'
  data: Nested
}
interface Case {
  id: string
  method: string
  inputs: Record<string, Input>
  options: Record<string, unknown>
  value: number
  grad_student: Nested
  tolerance: { rtol: number; atol: number; gradRtol: number; gradAtol: number }
}

/** Another file of the same schema may be given, for example of another seed. */
const file = process.env.GOLDEN_FILE ?? fixture('golden/losses.json')
const { cases } = readJson(file) as { cases: Case[] }

const flat = (data: Nested): number[] => (Array.isArray(data) ? data.flatMap(flat) : [data])
const tensor = ({ shape, dtype, data }: Input): tf.Tensor => tf.tensor(flat(data), shape, dtype)

function expectAllClose(got: ArrayLike<number>, want: number[], rtol: number, atol: number): void {
  expect(got.length).toBe(want.length)
  for (const [index, value] of want.entries())
    expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(
      atol + rtol * Math.abs(value),
    )
}

test.each(cases)('$id agrees with the reference in value and gradient', (item) => {
  const { student, teacher, labels } = item.inputs
  if (!student) throw new Error(`${item.id} has no student logits`)
  const spec = { terms: [{ method: item.method, ...item.options }] } as Objective
  const [term] = resolveObjective(spec)
  if (!term) throw new Error(`there is no method ${item.method}`)
  const rows = student.shape[0] ?? 0
  const targets: Targets = {
    labels: (labels ? tensor(labels) : tf.fill([rows], -1, 'int32')) as tf.Tensor1D,
    teacherLogits: teacher ? (tensor(teacher) as tf.Tensor2D) : null,
  }
  const loss = (logits: tf.Tensor): tf.Scalar => termLoss(term, logits as tf.Tensor2D, targets)
  const { value, grad } = tf.valueAndGrad(loss)(tensor(student))
  const { rtol, atol, gradRtol, gradAtol } = item.tolerance
  expectAllClose(value.dataSync(), [item.value], rtol, atol)
  expectAllClose(grad.dataSync(), flat(item.grad_student), gradRtol, gradAtol)
})
