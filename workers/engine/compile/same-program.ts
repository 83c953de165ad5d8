/**
 * A tensor that JavaScript makes while a step is recorded becomes a constant of the graph. That is right for a shape or
 * a temperature, and wrong for a random mask or a counter. Which it is shows when the same function is recorded again
 * on other inputs: everything that is part of the program is the same.
 */
import { createHash } from 'node:crypto'
import { CannotCompile } from './cannot-compile.ts'
import type { HostConstant, Recording } from './record.ts'

const digest = ({ shape, dtype, values }: HostConstant): string => {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return `${dtype} [${shape.join()}] ${createHash('sha256').update(bytes).digest('hex')}`
}

/** One line for each input of each operation, and each output; tensors are named by where they come from. */
function* lines({ operations, constants, inputs, outputs }: Recording) {
  const origins = new Map(inputs.map((id, index) => [id, `input ${index}`]))
  const originOf = (id: number, reader: string): { text: string; constant: boolean } => {
    const known = origins.get(id)
    if (known) return { text: known, constant: false }
    const constant = constants.get(id)
    if (constant) return { text: digest(constant), constant: true }
    throw new CannotCompile(
      `${reader} reads a tensor that was made outside the step and is not one of its inputs`,
    )
  }
  for (const [position, operation] of operations.entries()) {
    const reader = `operation ${position} (${operation.name})`
    yield { reader, text: JSON.stringify(operation.attributes), constant: false }
    for (const id of operation.inputs) yield { reader, ...originOf(id, reader) }
    for (const [index, { id }] of operation.outputs.entries())
      origins.set(id, `output ${index} of operation ${position}`)
  }
  for (const [index, id] of outputs.entries()) {
    const reader = `result ${index}`
    yield { reader, ...originOf(id, reader) }
  }
}

/** @throws CannotCompile when two recordings of one function differ, or use what is not theirs */
export function requireSameProgram(first: Recording, second: Recording): void {
  const others = lines(second)
  for (const line of lines(first)) {
    const other = others.next().value
    if (other && line.reader === other.reader && line.text === other.text) continue
    throw new CannotCompile(
      line.constant && other?.constant
        ? `${line.reader} uses a tensor made in JavaScript that changes from run to run`
        : `${line.reader} is not the same when the step runs again on other inputs`,
    )
  }
  if (!others.next().done) throw new CannotCompile('the step does more when it runs again')
}
