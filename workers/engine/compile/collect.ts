/** Gathers a row of numbers from each iteration of a loop. */
import { dtypeNumber, type Graph } from './graph.ts'
import type { Loop } from './loop.ts'
import { attr } from './messages.ts'

/**
 * @param row   `[width]` float32 of an iteration
 * @param count scalar int32 outside the loop: its iterations
 * @returns `[count, width]`, outside the loop
 */
export function collect(
  graph: Graph,
  loop: Loop,
  { name, row, count, width }: { name: string; row: string; count: string; width: number },
): string {
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
  const index = reshape('index', loop.iteration, int32, [1, 1])
  const values = reshape('values', row, float32, [1, width])
  const written = graph.add(`${name}/write`, 'TensorScatterUpdate', [rows.value, index, values], {
    T: float32,
    Tindices: int32,
  })
  rows.continueWith(written)
  return rows.result
}
