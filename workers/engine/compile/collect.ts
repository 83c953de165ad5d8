/** Gathers a row of numbers from each iteration of a loop. */
import { dtypeNumber, type Graph } from './graph.ts'
import type { Loop } from './loop.ts'
import { attr } from './messages.ts'

/**
 * Where the rows go: zeros before the loop.
 * @param like int32 tensor with as many rows as the loop may have iterations
 * @returns `[rows, width]` float32
 */
export function emptyRows(graph: Graph, name: string, like: string, width: number): string {
  const [float32, int32] = [attr.type(dtypeNumber('float32')), attr.type(dtypeNumber('int32'))]
  const size = graph.add(`${name}/size`, 'Shape', [like], { T: int32, out_type: int32 })
  const first = graph.integers(`${name}/first`, [0], [])
  const count = graph.add(`${name}/count`, 'GatherV2', [size, first, first], {
    Tparams: int32,
    Tindices: int32,
    Taxis: int32,
    batch_dims: attr.integer(0),
  })
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
  return graph.add(`${name}/empty`, 'Fill', [shape, zero], { T: float32, index_type: int32 })
}

/**
 * @param empty of `emptyRows`
 * @param row   `[width]` float32 of an iteration
 * @returns `[rows, width]`, outside the loop; rows that no iteration filled are zeros
 */
export function collect(
  graph: Graph,
  loop: Loop,
  { name, empty, row, width }: { name: string; empty: string; row: string; width: number },
): string {
  const [float32, int32] = [attr.type(dtypeNumber('float32')), attr.type(dtypeNumber('int32'))]
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
