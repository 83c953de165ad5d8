/**
 * The training rows as variables of the graph, which picks its batches itself: a step is given row numbers only.
 * Features are kept as float32, normalized once, while that is small; as bytes, normalized batch by batch, where they
 * are bytes and it is not.
 */
import { gatherFeatures, gatherRows } from '../gather.ts'
import { remembersRows, type TrainingInput, trainingPositions } from '../training-input.ts'
import type { BatchSource } from './batch-source.ts'
import { dtypeNumber, type Graph } from './graph.ts'
import { type Loop, rowAt } from './loop.ts'
import { attr } from './messages.ts'
import type { Feed } from './session.ts'
import { readOf, type Variable } from './variables.ts'

/** Of all resident data of a training. */
const BUDGET_BYTES = 256 * 2 ** 20
/** Up to here bytes are spread to float32, which saves a step three operations. */
const SPREAD_BYTES = 64 * 2 ** 20

type Held = Variable & Pick<Feed, 'values'>

const FEATURES = 'data/features'
const LABELS = 'data/labels'
const TEACHER = 'data/teacher'
const MEAN = 'data/mean'
const DEVIATION = 'data/standard-deviation'

function bytesOfRows({ data, rows }: TrainingInput): Uint8Array {
  const result = new Uint8Array(rows.length * data.width)
  for (const [position, row] of rows.entries())
    result.set(
      (data.values as Uint8Array).subarray(row * data.width, (row + 1) * data.width),
      position * data.width,
    )
  return result
}

/** What is held of the features, or null where it would be too much. */
function heldFeatures(input: TrainingInput, budget: number): Held[] | null {
  const { data, rows, normalization } = input
  const count = rows.length * data.width
  const shape = [rows.length, ...data.shape]
  const areBytes = data.values instanceof Uint8Array
  if (4 * count <= (areBytes ? Math.min(budget, SPREAD_BYTES) : budget)) {
    const values = gatherFeatures(data, rows, normalization)
    return [{ name: FEATURES, dtype: 'float32', shape, values }]
  }
  if (!areBytes || count > budget) return null
  const features: Held = { name: FEATURES, dtype: 'uint8', shape, values: bytesOfRows(input) }
  if (!normalization) return [features]
  const { mean, standardDeviation } = normalization
  const perChannel = { dtype: 'float32', shape: [mean.length] } as const
  return [
    features,
    { name: MEAN, ...perChannel, values: mean },
    { name: DEVIATION, ...perChannel, values: standardDeviation },
  ]
}

function heldTargets({ rows, labels, teacherLogits, classes }: TrainingInput): Held[] {
  const held: Held[] = [
    {
      name: LABELS,
      dtype: 'int32',
      shape: [rows.length],
      values: Int32Array.from(rows, (row) => labels[row] as number),
    },
  ]
  if (teacherLogits)
    held.push({
      name: TEACHER,
      dtype: 'float32',
      shape: [rows.length, classes],
      values: gatherRows(teacherLogits, classes, rows),
    })
  return held
}

/** The same arithmetic, in the same order, as `gatherFeatures`. */
function toFloat(
  graph: Graph,
  loop: Loop,
  name: string,
  bytes: string,
  held: readonly Held[],
): string {
  const [float32, uint8] = [dtypeNumber('float32'), dtypeNumber('uint8')]
  const T = attr.type(float32)
  const cast = graph.add(`${name}/cast`, 'Cast', [bytes], { SrcT: attr.type(uint8), DstT: T })
  if (!held.some((variable) => variable.name === MEAN)) return cast
  const mean = loop.invariant(MEAN, readOf(MEAN), float32)
  const deviation = loop.invariant(DEVIATION, readOf(DEVIATION), float32)
  const centred = graph.add(`${name}/centre`, 'Sub', [cast, mean], { T })
  return graph.add(`${name}/scale`, 'RealDiv', [centred, deviation], { T })
}

/** @returns null where the data exceeds the budget */
export function residentBatches(
  input: TrainingInput,
  budgetBytes = BUDGET_BYTES,
): BatchSource | null {
  const { rows, teacherLogits, classes, training } = input
  const targetBytes = 4 * rows.length * (1 + (teacherLogits ? classes : 0))
  const features = heldFeatures(input, budgetBytes - targetBytes)
  if (!features) return null
  const variables = [...features, ...heldTargets(input)]
  const positions = trainingPositions(input)

  return {
    variables,
    bytesPerStep: 4 * training.batchSize,
    add(graph, loop, name, axis, batchSize) {
      const int32 = dtypeNumber('int32')
      const all = graph.placeholder(`${name}/rows`, 'int32', [-1, batchSize])
      const chosen = rowAt(graph, `${name}/batch/rows`, 'int32', [
        loop.invariant('rows', all, int32),
        loop.iteration,
        axis,
      ])
      const gather = ({ name: variable, dtype }: Held): string =>
        rowAt(graph, `${name}/batch/${variable}`, dtype, [
          loop.invariant(variable, readOf(variable), dtypeNumber(dtype)),
          chosen,
          axis,
        ])
      const find = (variable: string): Held | undefined =>
        variables.find((held) => held.name === variable)
      const [held, labels, teacher] = [find(FEATURES) as Held, find(LABELS) as Held, find(TEACHER)]
      const inputs = gather(held)
      return {
        inputs:
          held.dtype === 'uint8' ? toFloat(graph, loop, `${name}/float`, inputs, features) : inputs,
        labels: gather(labels),
        teacherLogits: teacher ? gather(teacher) : null,
        positions: remembersRows(input) ? chosen : null,
      }
    },
    // Row numbers are all that a call brings.
    prepare: () => undefined,
    close: () => undefined,
    feeds(name, steps) {
      const batchSize = steps[0]?.rows.length ?? 0
      const values = new Int32Array(steps.length * batchSize)
      let target = 0
      for (const step of steps)
        for (const row of step.rows) values[target++] = positions[row] as number
      const shape = [steps.length, batchSize]
      return [{ name: `${name}/rows`, dtype: dtypeNumber('int32'), shape, values }]
    },
  }
}
