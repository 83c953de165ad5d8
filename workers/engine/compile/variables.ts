/** Variables of a graph, which keep their values from one run of a session to the next. */
import { nativeBackend } from '../native-backend.ts'
import { type Dtype, dtypeNumber, type Graph } from './graph.ts'
import { controlBy, type Loop } from './loop.ts'
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

/** Brings a variable itself into a loop, not its value. */
export const handleInside = (loop: Loop, { name }: Variable): string =>
  loop.invariant(`${name}/handle`, handleOf(name), nativeBackend().binding.TF_RESOURCE)

/** The value that a variable has in an iteration, before the iteration changes it. */
export const readInside = (
  graph: Graph,
  loop: Loop,
  id: string,
  handle: string,
  { dtype }: Variable,
): string =>
  graph.add(id, 'ReadVariableOp', [handle, controlBy(loop.iteration)], {
    dtype: attr.type(dtypeNumber(dtype)),
  })

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
    return graph.add(
      `${variable.name}/initialize`,
      'AssignVariableOp',
      [handleOf(variable.name), own],
      { dtype },
    )
  })
  const done = graph.integers(`${name}/value`, [0], [])
  graph.add(name, 'Identity', [done, ...assignments.map(controlBy)], {
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
