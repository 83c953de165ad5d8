/**
 * NumPy's array files, of floats and one or two axes, from bytes that nobody has checked. Arrays of objects are pickles and
 * are never opened. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { ByteSource } from '../../datasets/byte-source.ts'
import { showShape } from '../../domain/network.ts'
import { ModelError, quoted } from '../model-error.ts'
import { decodeNumbers } from '../safetensors/tensor-numbers.ts'

const MAX_HEADER_BYTES = 65_536
const PREFIX_BYTES = 8
const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
const HEADER =
  /^\{\s*'descr':\s*'([^']{1,64})',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]{0,200})\),?\s*\}\s*$/

const TYPES = { '<f2': ['F16', 2], '<f4': ['F32', 4], '<f8': ['F64', 8] } as const
const isType = (descr: string): descr is keyof typeof TYPES => Object.hasOwn(TYPES, descr)

export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** Row-major, as float32; throws ModelError when there are fewer or more than the header says. */
  numbers(): AsyncGenerator<Float32Array>
  /** Of a matrix whose numbers are not read to the end. */
  close(): void
}

async function readHeader(source: ByteSource, where: string): Promise<string> {
  const bad = (why: string): ModelError =>
    new ModelError('npy-not-valid', `${where} is no NumPy array: ${why}`)
  const prefix = Buffer.from(await source.take(PREFIX_BYTES))
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC)) throw bad('it does not begin like one')
  const version = prefix[6] ?? 0
  if (version < 1 || version > 3) throw bad(`its format has version ${version}, not 1 to 3`)
  const lengthBytes = version === 1 ? 2 : 4
  const length = Buffer.from(await source.take(lengthBytes))
  if (length.length < lengthBytes) throw bad('it ends within its header')
  const count = length.readUIntLE(0, lengthBytes)
  if (count > MAX_HEADER_BYTES)
    throw bad(`its header has ${count} bytes, at most ${MAX_HEADER_BYTES} are allowed`)
  const text = Buffer.from(await source.take(count))
  if (text.length < count) throw bad('it ends within its header')
  return text.toString('utf8')
}

function readShape(text: string, where: string): [number, number] {
  const shape = text
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number)
  const [rows = 0, columns = 0] = shape
  if (shape.length !== 2 || !Number.isSafeInteger(rows * columns) || rows < 1 || columns < 1)
    throw new ModelError(
      'outputs-shape-mismatch',
      `${where} is of shape ${showShape(shape)}; it must be [rows, classes], one row for each row of the dataset`,
    )
  return [rows, columns]
}

async function readMatrix(source: ByteSource, where: string): Promise<Matrix> {
  const header = await readHeader(source, where)
  const [, descr = '', fortran, sides = ''] = HEADER.exec(header) ?? []
  if (fortran === undefined)
    throw new ModelError(
      'npy-not-valid',
      `${where}: the header ${quoted(header)} is not that of a plain array; save one array of floats with numpy.save`,
    )
  if (!isType(descr))
    throw new ModelError(
      'npy-dtype-not-supported',
      `${where} is of type ${quoted(descr)}${descr.includes('O') ? ', a pickle, which is a program and is never opened here' : ''}; accepted are little-endian float16, float32 and float64: save array.astype(numpy.float32)`,
    )
  if (fortran === 'True')
    throw new ModelError(
      'npy-fortran-order',
      `${where} is in Fortran order; save numpy.ascontiguousarray(array)`,
    )
  const [rows, columns] = readShape(sides, where)
  const [dtype, width] = TYPES[descr]
  const wantedBytes = rows * columns * width

  async function* counted(): AsyncGenerator<Uint8Array> {
    let total = 0
    for await (const chunk of source.rest()) {
      total += chunk.length
      if (total > wantedBytes)
        throw new ModelError(
          'npy-too-long',
          `${where} has more numbers than its shape ${showShape([rows, columns])} says`,
        )
      yield chunk
    }
    if (total < wantedBytes)
      throw new ModelError(
        'npy-truncated',
        `${where} has ${total} bytes of numbers, but its shape ${showShape([rows, columns])} needs ${wantedBytes}: send the whole file`,
      )
  }
  return {
    rows,
    columns,
    numbers: () => decodeNumbers(counted(), dtype),
    close: () => source.close(),
  }
}

/**
 * Reads the header now and the numbers later.
 * @param where name of the array, for messages
 * @throws ModelError when it is not a matrix of little-endian floats in C order
 */
export async function openNpy(bytes: AsyncIterable<Uint8Array>, where: string): Promise<Matrix> {
  const source = new ByteSource(bytes)
  try {
    return await readMatrix(source, where)
  } catch (error) {
    source.close()
    throw error
  }
}
