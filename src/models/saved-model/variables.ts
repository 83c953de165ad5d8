/** The variables of a SavedModel: what the graph declares, and the files that should hold them. */
import { elements } from '../../domain/network.ts'
import type { Archive } from '../archive.ts'
import { ModelError, quoted } from '../model-error.ts'
import type { NodeDef } from './messages.ts'

const FOLDER = 'variables/'
const INDEX = 'variables.index'
/** By DataType: bytes of a number. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 4, // float
  2: 8, // double
  3: 4, // int32
  4: 1, // uint8
  5: 2, // int16
  6: 1, // int8
  9: 8, // int64
  10: 1, // bool
  14: 2, // bfloat16
  17: 2, // uint16
  19: 2, // half
  22: 4, // uint32
  23: 8, // uint64
}
const FLOATING = [1, 2, 14, 19]

interface Variable {
  readonly type: number
  readonly elements: number
}

function declared(nodes: Iterable<NodeDef>): Variable[] {
  const variables: Variable[] = []
  for (const { name, op, type, shape } of nodes) {
    if (op !== 'VarHandleOp' && op !== 'VariableV2' && op !== 'Variable') continue
    const sides = shape?.sides
    const known = sides?.every((side) => side !== null)
    if (TYPE_BYTES[type] === undefined || !sides || !known)
      throw new ModelError(
        'saved-model-variable-not-supported',
        `variable ${quoted(name)} has no fixed shape, or is of a type that is not supported: accepted are numbers of fixed shape`,
      )
    variables.push({ type, elements: elements(sides as number[]) })
  }
  return variables
}

/** Numbers in floating-point variables. */
export const parametersOf = (nodes: Iterable<NodeDef>): number =>
  declared(nodes)
    .filter(({ type }) => FLOATING.includes(type))
    .reduce((sum, { elements: count }) => sum + count, 0)

/**
 * Whether the files can hold what the graph declares; TensorFlow itself compares checksums and shapes when it reads them.
 * @returns name in the archive by name in the folder `variables`
 * @throws ModelError when files are missing or too short
 */
export function variableFiles(
  archive: Archive,
  folder: string,
  nodes: Iterable<NodeDef>,
): Map<string, string> {
  const wanted = declared(nodes)
  const files = new Map<string, string>()
  for (const name of archive.names) {
    const file = name.startsWith(folder + FOLDER) ? name.slice((folder + FOLDER).length) : ''
    if (file === INDEX || /^variables\.data-\d{5}-of-\d{5}$/.test(file)) files.set(file, name)
  }
  if (wanted.length === 0) return files
  const wantedBytes = wanted.reduce(
    (sum, one) => sum + one.elements * (TYPE_BYTES[one.type] ?? 0),
    0,
  )
  const foundBytes = [...files]
    .filter(([file]) => file !== INDEX)
    .reduce((sum, [, name]) => sum + (archive.sizeBytes(name) ?? 0), 0)
  if (!files.has(INDEX) || foundBytes < wantedBytes)
    throw new ModelError(
      'saved-model-variables-missing',
      `the graph has ${wanted.length} variables of ${wantedBytes} bytes, but the folder variables has ${files.has(INDEX) ? `${foundBytes} bytes of data` : 'no variables.index'}: send the whole folder that was exported`,
    )
  return files
}
