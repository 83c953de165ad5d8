/**
 * The graph of a training: the state as variables, and one program for each size of a batch, which loops over the
 * recorded step. A program reads the variables when it begins, carries the state from iteration to iteration, and
 * assigns it when it ends.
 */
import type { NamedArray } from '../weights.ts'
import type { BatchSource } from './batch-source.ts'
import { embed } from './embed.ts'
import { dtypeNumber, Graph } from './graph.ts'
import { Loop, rowAt } from './loop.ts'
import { attr } from './messages.ts'
import type { Recording } from './record.ts'
import { assign, declareVariables, readOf, type Variable } from './variables.ts'

/** The node that sets every variable. */
export const INITIALIZE = 'initialize'

export interface Program {
  readonly batchSize: number
  readonly recording: Recording
}

/** Names of what a program is given and what it gives. */
export const programNames = (batchSize: number) => {
  const name = `steps-of-${batchSize}`
  return {
    name,
    /** Scalar int32. */
    count: `${name}/count`,
    /** `[count, 2]` int32. */
    seeds: `${name}/seeds`,
    /** `[count, rates]` float32. */
    rates: `${name}/rates`,
    /** `[count, measurements]`. */
    measurements: `${name}/measurements`,
  }
}

export const stateVariables = (state: readonly NamedArray[]): (Variable & NamedArray)[] =>
  state.map((array) => ({ ...array, name: `state/${array.name}`, dtype: 'float32' }))

/** Rows of what each step measured, one written by each iteration. */
function collect(graph: Graph, loop: Loop, name: string, count: string, width: number) {
  const [float32, int32] = [attr.type(dtypeNumber('float32')), attr.type(dtypeNumber('int32'))]
  const columns = graph.integers(`${name}/columns`, [width], [])
  const shape = graph.add(`${name}/shape`, 'Pack', [count, columns], {
    T: int32,
    N: attr.integer(2),
    axis: attr.integer(0),
  })
  const zero = graph.constant(`${name}/zero`, {
    dtype: dtypeNumber('float32'),
    shape: [],
    values: Float32Array.of(0),
  })
  const empty = graph.add(`${name}/empty`, 'Fill', [shape, zero], { T: float32, index_type: int32 })
  const rows = loop.carry('measured', empty, dtypeNumber('float32'))
  const reshape = (id: string, value: string, type: typeof int32, to: readonly number[]) => {
    const target = graph.integers(`${name}/${id}-shape`, to, [to.length])
    const inside = loop.invariant(`${id}-shape`, target, dtypeNumber('int32'))
    return graph.add(`${name}/${id}`, 'Reshape', [value, inside], { T: type, Tshape: int32 })
  }
  return {
    rows: rows.result,
    write(row: string): void {
      const index = reshape('index', loop.iteration, int32, [1, 1])
      const update = reshape('update', row, float32, [1, width])
      const written = graph.add(
        `${name}/write`,
        'TensorScatterUpdate',
        [rows.value, index, update],
        { T: float32, Tindices: int32 },
      )
      rows.continueWith(written)
    },
  }
}

function addProgram(
  graph: Graph,
  { batchSize, recording }: Program,
  state: readonly Variable[],
  source: BatchSource,
  rates: number,
  measurements: number,
): void {
  const names = programNames(batchSize)
  const { name } = names
  const [float32, int32] = [dtypeNumber('float32'), dtypeNumber('int32')]
  const count = graph.placeholder(names.count, 'int32', [])
  const loop = new Loop(graph, name, count)
  const axis = loop.invariant('axis', graph.integers(`${name}/axis`, [0], []), int32)
  const ofStep = (id: string, dtype: 'float32' | 'int32', width: number): string => {
    const all = graph.placeholder(`${name}/${id}`, dtype, [-1, width])
    const held = loop.invariant(id, all, dtypeNumber(dtype))
    return rowAt(graph, `${name}/step/${id}`, dtype, [held, loop.iteration, axis])
  }
  const batch = source.add(graph, loop, name, axis, batchSize)
  const seed = ofStep('seeds', 'int32', 2)
  const rate = graph.add(`${name}/rate`, 'Unpack', [ofStep('rates', 'float32', rates)], {
    T: attr.type(float32),
    num: attr.integer(rates),
    axis: attr.integer(0),
  })
  const changes = (index: number): boolean => recording.outputs[index] !== recording.inputs[index]
  const carried = state.map((variable, index) =>
    changes(index)
      ? loop.carry(variable.name, readOf(variable.name), float32)
      : { value: loop.invariant(variable.name, readOf(variable.name), float32) },
  )
  const inputs = [
    ...carried.map(({ value }) => value),
    batch.inputs,
    batch.labels,
    ...(batch.teacherLogits ? [batch.teacherLogits] : []),
    seed,
    ...Array.from({ length: rates }, (_, index) => (index === 0 ? rate : `${rate}:${index}`)),
  ]
  const outputs = embed(graph, recording, inputs, `${name}/recorded`, (id, value) => {
    const constant = graph.constant(`${id}/value`, value)
    return loop.invariant(id, constant, value.dtype)
  })
  const assignments = state.flatMap((variable, index) => {
    const value = carried[index]
    if (!value || !('result' in value)) return []
    value.continueWith(outputs[index] as string)
    return [assign(graph, variable, name, value.result)]
  })
  const collected = collect(graph, loop, `${name}/collect`, count, measurements)
  collected.write(outputs[state.length] as string)
  graph.add(
    names.measurements,
    'Identity',
    [collected.rows, ...assignments.map((assignment) => `^${assignment}`)],
    { T: attr.type(float32) },
  )
}

/**
 * @param measurements of each step
 * @returns the bytes of `saved_model.pb`
 * @throws CannotCompile
 */
export function trainingGraph(
  state: readonly Variable[],
  source: BatchSource,
  programs: readonly Program[],
  rates: number,
  measurements: number,
): Uint8Array {
  const graph = new Graph()
  declareVariables(graph, INITIALIZE, [...state, ...source.variables])
  for (const program of programs) addProgram(graph, program, state, source, rates, measurements)
  return graph.toSavedModel()
}
