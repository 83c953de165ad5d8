/** Puts recorded operations into a graph. */
import { CannotCompile } from './cannot-compile.ts'
import type { Graph } from './graph.ts'
import { attr, recordedAttribute } from './messages.ts'
import type { HostConstant, Recording } from './record.ts'

/** Ops that take a list, with the inputs after it: eager execution counts the list itself, a graph has to be told. */
const LIST_OPS: ReadonlyMap<string, number> = new Map([
  ['AddN', 0],
  ['Pack', 0],
  ['ConcatV2', 1],
])

/**
 * @param inputs  nodes that stand for the inputs of the recording
 * @param prefix  of the names of the new nodes
 * @param constant makes the node of a constant where the operations are
 * @returns nodes of the outputs
 * @throws CannotCompile when an operation has what a graph cannot hold
 */
export function embed(
  graph: Graph,
  recording: Recording,
  inputs: readonly string[],
  prefix: string,
  constant: (name: string, value: HostConstant) => string,
): string[] {
  const nodes = new Map<number, string>()
  for (const [index, id] of recording.inputs.entries()) nodes.set(id, inputs[index] as string)
  const nodeOf = (id: number): string => {
    const known = nodes.get(id)
    if (known) return known
    const value = recording.constants.get(id)
    if (!value) throw new CannotCompile('a tensor was made outside the step and is no input of it')
    const made = constant(`${prefix}/constant-${id}`, value)
    nodes.set(id, made)
    return made
  }
  for (const [
    position,
    { name: op, attributes, inputs: ids, outputs },
  ] of recording.operations.entries()) {
    const values = Object.fromEntries(
      attributes.map((one) => [one.name, recordedAttribute(one, op)]),
    )
    const after = LIST_OPS.get(op)
    if (after !== undefined) values.N ??= attr.integer(ids.length - after)
    const name = graph.add(`${prefix}/${position}-${op}`, op, ids.map(nodeOf), values)
    for (const [index, { id }] of outputs.entries())
      nodes.set(id, index === 0 ? name : `${name}:${index}`)
  }
  return recording.outputs.map(nodeOf)
}
