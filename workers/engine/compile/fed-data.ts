/** Batches gathered on the host, for data that is too large to be held by the graph. */
import { gatherFeatures, gatherRows } from '../gather.ts'
import type { StepInput } from '../step-runner.ts'
import { remembersRows, type TrainingInput, trainingPositions } from '../training-input.ts'
import type { BatchSource } from './batch-source.ts'
import { type Dtype, dtypeNumber } from './graph.ts'
import { rowAt } from './loop.ts'
import { Prefetch } from './prefetch.ts'

const rowsOf = (steps: readonly StepInput[]): Uint32Array => {
  const batchSize = steps[0]?.rows.length ?? 0
  const rows = new Uint32Array(steps.length * batchSize)
  for (const [index, step] of steps.entries()) rows.set(step.rows, index * batchSize)
  return rows
}

export function fedBatches(input: TrainingInput): BatchSource {
  const { data, normalization, labels, teacherLogits, classes, training } = input
  const positions = remembersRows(input) ? trainingPositions(input) : null
  const prefetch = Prefetch.of(data, normalization)
  return {
    variables: [],
    bytesPerStep: 4 * training.batchSize * (data.width + 1 + (teacherLogits ? classes : 0)),
    add(graph, loop, name, axis, batchSize) {
      const fed = (what: string, dtype: Dtype, shape: readonly number[]): string => {
        const all = graph.placeholder(`${name}/${what}`, dtype, [-1, batchSize, ...shape])
        const held = loop.invariant(what, all, dtypeNumber(dtype))
        return rowAt(graph, `${name}/batch/${what}`, dtype, [held, loop.iteration, axis])
      }
      return {
        inputs: fed('features', 'float32', data.shape),
        labels: fed('labels', 'int32', []),
        teacherLogits: teacherLogits ? fed('teacher', 'float32', [classes]) : null,
        positions: positions ? fed('positions', 'int32', []) : null,
      }
    },
    prepare: (steps) => prefetch?.begin(rowsOf(steps)),
    close: () => prefetch?.close(),
    feeds(name, steps) {
      const rows = rowsOf(steps)
      const shape = [steps.length, rows.length / steps.length]
      const [float32, int32] = [dtypeNumber('float32'), dtypeNumber('int32')]
      const features = {
        name: `${name}/features`,
        dtype: float32,
        shape: [...shape, ...data.shape],
        values: prefetch?.take(rows) ?? gatherFeatures(data, rows, normalization),
      }
      const known = {
        name: `${name}/labels`,
        dtype: int32,
        shape,
        values: Int32Array.from(rows, (row) => labels[row] as number),
      }
      const always = [features, known]
      if (positions)
        always.push({
          name: `${name}/positions`,
          dtype: int32,
          shape,
          values: Int32Array.from(rows, (row) => positions[row] as number),
        })
      if (!teacherLogits) return always
      const values = gatherRows(teacherLogits, classes, rows)
      const teacher = {
        name: `${name}/teacher`,
        dtype: float32,
        shape: [...shape, classes],
        values,
      }
      return [...always, teacher]
    },
  }
}
