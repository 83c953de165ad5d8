/**
 * The graph of a training: the state as variables, and one program for each size of a batch, which loops over the
 * recorded step. An iteration reads the weights, computes what was recorded, and only then lets the optimizer change
 * the variables in place; the next one begins when all are changed. A program that only looks has no such part.
 */
import type { FusedUpdate, Operand } from '../optimizers.ts'
import type { BatchSource } from './batch-source.ts'
import { collect, emptyRows } from './collect.ts'
import { embed } from './embed.ts'
import { dtypeNumber, Graph } from './graph.ts'
import { controlBy, Loop, rowAt } from './loop.ts'
import { attr } from './messages.ts'
import type { Recording } from './record.ts'
import { type StateLayout, type TrainableLayout, variablesOf } from './state-layout.ts'
import { declareVariables, handleInside, readInside, readOf, type Variable } from './variables.ts'

/** The node that sets every variable. */
export const INITIALIZE = 'initialize'

export interface Program {
  /** Unique in the graph. */
  readonly name: string
  readonly batchSize: number
  /** train: the recording is of a step, and the variables are changed. look: it gives measurements only. */
  readonly kind: 'train' | 'look'
  /** Numbers that each iteration gives. */
  readonly measurements: number
  readonly recording: Recording
  /** Whether XLA compiles the loop; its number of rows is then what the first call has. */
  readonly xla: boolean
}

/** What all programs of a graph share. */
export interface TrainingPlan {
  readonly state: StateLayout
  readonly source: BatchSource
  /** One after the other. */
  readonly updates: readonly FusedUpdate[]
  /** Numbers of the optimizer in each step. */
  readonly rates: number
  /** Whether each step is given a share for mixup. */
  readonly mixes: boolean
  /** Scheduled numbers of terms that each step is given. */
  readonly scheduled: number
  /** What a step reads and never changes: the weights of a teacher. */
  readonly constants: readonly Variable[]
}

/** Names of what a program is given and what it gives. */
export const programNames = (name: string) => ({
  name,
  /** Scalar int32. */
  count: `${name}/count`,
  /** `[count, 2]` int32. */
  seeds: `${name}/seeds`,
  /** `[count, rates]` float32. */
  rates: `${name}/rates`,
  /** `[count, 1]` float32. */
  mixes: `${name}/mixes`,
  /** `[count, scheduled]` float32. */
  scheduled: `${name}/scheduled`,
  /** `[count, measurements]`. */
  measurements: `${name}/measurements`,
})

/** Scalars for the loop, each made once. */
function scalarsInside(graph: Graph, loop: Loop, name: string): (value: number) => string {
  const made = new Map<number, string>()
  const dtype = dtypeNumber('float32')
  return (value) => {
    const id = `${name}/constant-${made.size}`
    const known = made.get(value)
    if (known) return known
    const constant = graph.constant(id, { dtype, shape: [], values: Float32Array.of(value) })
    const inside = loop.invariant(`scalar/${id}`, constant, dtype)
    made.set(value, inside)
    return inside
  }
}

/** Inside a loop. */
interface Body {
  readonly name: string
  readonly loop: Loop
  readonly handleOf: (variable: Variable) => string
  /** What each weight is when the iteration begins. */
  readonly values: ReadonlyMap<Variable, string>
  /** Of the recording of a step. */
  readonly outputs: readonly string[]
  /** `[rates]` of the iteration. */
  readonly rates: string
}

/**
 * Lets the optimizer change the weights, and moves the averages.
 * @returns nodes that are there when that is done
 */
function addChanges(graph: Graph, plan: TrainingPlan, body: Body): string[] {
  const { state, updates } = plan
  const { name, loop, handleOf, values, outputs } = body
  const float32 = dtypeNumber('float32')
  const gradients = outputs.slice(0, state.trainable.length)
  const averages = outputs.slice(gradients.length, -1)

  // A variable that somebody still reads is copied before it is changed, so the changes wait for everything else.
  const computed = controlBy(graph.add(`${name}/computed`, 'NoOp', outputs.map(controlBy)))
  const rates = graph.add(`${name}/rate`, 'Unpack', [body.rates], {
    T: attr.type(float32),
    num: attr.integer(plan.rates),
    axis: attr.integer(0),
  })
  const constantOf = scalarsInside(graph, loop, name)
  const changes = state.trainable.map(({ weight, slots }: TrainableLayout, index) => {
    const resolve = (operand: Operand): string => {
      if (operand === 'weight') return handleOf(weight)
      if (operand === 'value') return values.get(weight) as string
      if (operand === 'gradient') return gradients[index] as string
      if ('slot' in operand) return handleOf(slots[operand.slot] as Variable)
      if ('rate' in operand) return `${rates}:${operand.rate}`
      return constantOf(operand.constant)
    }
    let before = computed
    for (const [place, { op, operands, flags = [] }] of updates.entries()) {
      const id = `${name}/${weight.name}/update-${place}`
      const inputsOfUpdate = [...operands.map((operand) => resolve(operand)), before]
      const added = graph.add(id, op, inputsOfUpdate, {
        T: attr.type(float32),
        ...Object.fromEntries(flags.map((flag) => [flag, attr.flag(true)])),
      })
      before = controlBy(added)
    }
    return before.slice(1)
  })
  const moves = state.movingAverages.map((variable, index) =>
    graph.add(
      `${name}/${variable.name}/move`,
      'AssignVariableOp',
      [handleOf(variable), averages[index] as string, computed],
      { dtype: attr.type(float32) },
    ),
  )
  return [...changes, ...moves]
}

/** @returns the node of the measurements, there when all variables are changed */
function addLoop(graph: Graph, program: Program, plan: TrainingPlan, empty: string): string {
  const { batchSize, recording } = program
  const { state, source } = plan
  const { name, ...names } = programNames(program.name)
  const [float32, int32] = [dtypeNumber('float32'), dtypeNumber('int32')]
  const count = graph.placeholder(names.count, 'int32', [])
  const loop = new Loop(graph, name, count)
  const axis = loop.invariant('axis', graph.integers(`${name}/axis`, [0], []), int32)
  const ofStep = (id: string, dtype: 'float32' | 'int32', width: number): string => {
    const all = graph.placeholder(`${name}/${id}`, dtype, [-1, width])
    const held = loop.invariant(id, all, dtypeNumber(dtype))
    return rowAt(graph, `${name}/step/${id}`, dtype, [held, loop.iteration, axis])
  }
  const handles = new Map(
    variablesOf(state).map((variable) => [variable, handleInside(loop, variable)]),
  )
  const handleOf = (variable: Variable): string =>
    handles.get(variable as Parameters<typeof handles.get>[0]) as string
  const batch = source.add(graph, loop, name, axis, batchSize)
  const values = new Map(
    state.weights.map((variable) => [
      variable,
      readInside(graph, loop, `${name}/${variable.name}/read`, handleOf(variable), variable),
    ]),
  )
  const inputs = [
    ...values.values(),
    batch.inputs,
    batch.labels,
    ...(batch.teacherLogits ? [batch.teacherLogits] : []),
    ...(batch.positions ? [batch.positions] : []),
    ofStep('seeds', 'int32', 2),
    ...(plan.mixes ? [ofStep('mixes', 'float32', 1)] : []),
    ...(plan.scheduled > 0 ? [ofStep('scheduled', 'float32', plan.scheduled)] : []),
    ...plan.constants.map((variable) =>
      loop.invariant(variable.name, readOf(variable.name), float32),
    ),
  ]
  const outputs = embed(graph, recording, inputs, `${name}/recorded`, (id, value) => {
    const constant = graph.constant(`${id}/value`, value)
    return loop.invariant(id, constant, value.dtype)
  })
  const measured = collect(graph, loop, {
    name: `${name}/collect`,
    empty,
    row: outputs.at(-1) as string,
    width: program.measurements,
  })
  const changed =
    program.kind === 'train'
      ? addChanges(graph, plan, {
          name,
          loop,
          handleOf,
          values,
          outputs,
          rates: ofStep('rates', 'float32', plan.rates),
        })
      : []
  const done = loop.close(changed)
  return graph.add(`${name}/measured`, 'Identity', [measured, controlBy(done)], {
    T: attr.type(float32),
  })
}

function addProgram(graph: Graph, program: Program, plan: TrainingPlan): void {
  const { name, seeds, measurements } = programNames(program.name)
  const empty = emptyRows(graph, `${name}/collect`, seeds, program.measurements)
  const build = (): string => addLoop(graph, program, plan, empty)
  const measured = program.xla ? graph.compiledTogether(name, build) : build()
  graph.add(measurements, 'Identity', [measured], { T: attr.type(dtypeNumber('float32')) })
}

/**
 * @returns the bytes of `saved_model.pb`
 * @throws CannotCompile
 */
export function trainingGraph(plan: TrainingPlan, programs: readonly Program[]): Uint8Array {
  const graph = new Graph()
  declareVariables(graph, INITIALIZE, [
    ...variablesOf(plan.state),
    ...plan.source.variables,
    ...plan.constants,
  ])
  for (const program of programs) addProgram(graph, program, plan)
  return graph.toSavedModel()
}
