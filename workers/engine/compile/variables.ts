/** Variables of a graph, which keep their values from one run of a session to the next. */
import { type Dtype, dtypeNumber, type Graph } from './graph.ts'
import { attr } from './messages.ts'
import type { Feed, Session } from './session.ts'

export interface Variable {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
}

const handleOf = (name: string): string => `${name}/handle`
const startOf = (name: string): string => `${name}/start`

/** The node that gives the value of a variable as it is when a run begins. */
export const readOf = (name: string): string => `${name}/read`

/** @returns the name of the assignment */
export function assign(graph: Graph, { name, dtype }: Variable, id: string, value: string): string {
  return graph.add(`${name}/${id}`, 'AssignVariableOp', [handleOf(name), value], {
    dtype: attr.type(dtypeNumber(dtype)),
  })
}

/** Declares variables, and the node `name` that a run fetches to set all of them from their start values. */
export function declareVariables(graph: Graph, name: string, variables: readonly Variable[]): void {
  const assignments = variables.map((variable) => {
    const dtype = attr.type(dtypeNumber(variable.dtype))
    graph.add(handleOf(variable.name), 'VarHandleOp', [], {
      dtype,
      shape: attr.shape(variable.shape),
      shared_name: attr.text(variable.name),
      container: attr.text(''),
    })
    graph.add(readOf(variable.name), 'ReadVariableOp', [handleOf(variable.name)], { dtype })
    const start = graph.placeholder(startOf(variable.name), variable.dtype, variable.shape)
    // A feed may share memory with a JavaScript array, which only the main thread may let go of: a variable needs its own.
    const own = graph.add(`${variable.name}/own`, 'DeepCopy', [start], { T: dtype })
    return assign(graph, variable, 'initialize', own)
  })
  const done = graph.integers(`${name}/value`, [0], [])
  graph.add(name, 'Identity', [done, ...assignments.map((assignment) => `^${assignment}`)], {
    T: attr.type(dtypeNumber('int32')),
  })
}

/** Sets the variables that `declareVariables` declared as `name`. */
export function initializeVariables(
  session: Session,
  name: string,
  variables: readonly (Variable & Pick<Feed, 'values'>)[],
): void {
  const feeds = variables.map(({ name: variable, dtype, shape, values }) => ({
    name: startOf(variable),
    dtype: dtypeNumber(dtype),
    shape,
    values,
  }))
  session.run(feeds, [name])
}
