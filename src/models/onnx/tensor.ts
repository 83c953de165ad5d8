/** What a TensorProto says about itself and how many bytes it really has, without reading its numbers. */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ModelError, quoted } from '../model-error.ts'
import { type ByteView, type FileField, fileFields } from '../protobuf/file-view.ts'
import { damaged, integer } from '../protobuf/read-fields.ts'

/** Numbers in one tensor take this many bytes at most. */
export const MAX_TENSOR_BYTES = 1_000_000_000
const MAX_RANK = 16
const PIECE_BYTES = 1 << 16

/** Fields of TensorProto that hold numbers. */
const RAW = 9
const FIELDS = {
  float_data: 4,
  int32_data: 5,
  string_data: 6,
  int64_data: 7,
  double_data: 10,
  uint64_data: 11,
} as const
type DataField = keyof typeof FIELDS
const FIELD_NAMES = new Map<number, DataField>(
  Object.entries(FIELDS).map(([name, number]) => [number, name as DataField]),
)

/** By TensorProto.DataType: bytes of a number, and where it stands when it is not raw. */
const TYPES: Readonly<Record<number, { name: string; bytes: number; field: DataField }>> = {
  1: { name: 'float', bytes: 4, field: 'float_data' },
  2: { name: 'uint8', bytes: 1, field: 'int32_data' },
  3: { name: 'int8', bytes: 1, field: 'int32_data' },
  4: { name: 'uint16', bytes: 2, field: 'int32_data' },
  5: { name: 'int16', bytes: 2, field: 'int32_data' },
  6: { name: 'int32', bytes: 4, field: 'int32_data' },
  7: { name: 'int64', bytes: 8, field: 'int64_data' },
  9: { name: 'bool', bytes: 1, field: 'int32_data' },
  10: { name: 'float16', bytes: 2, field: 'int32_data' },
  11: { name: 'double', bytes: 8, field: 'double_data' },
  12: { name: 'uint32', bytes: 4, field: 'uint64_data' },
  13: { name: 'uint64', bytes: 8, field: 'uint64_data' },
}

/** As messages name it. */
export const typeName = (type: number): string =>
  TYPES[type]?.name ?? (type === 8 ? 'string' : `type ${type}`)

export interface OnnxTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: number
  readonly elements: number
}

interface Found {
  name: string
  type: number
  readonly dimensions: number[]
  readonly counts: Map<DataField, number>
  rawBytes: number | null
  /** Why the numbers are not here. */
  elsewhere: string | null
}

/** Varints in `[start, end)`: each ends in a byte below 128. */
async function countVarints(view: ByteView, start: number, end: number): Promise<number> {
  let count = 0
  for (let at = start; at < end; at += PIECE_BYTES)
    for (const byte of await view.bytes(at, Math.min(at + PIECE_BYTES, end)))
      if (byte < 0x80) count++
  return count
}

async function countNumbers(view: ByteView, name: DataField, field: FileField): Promise<number> {
  if (field.wireType !== WireType.LengthDelimited || name === 'string_data') return 1
  const bytes = field.end - field.start
  if (name === 'float_data') return bytes / 4
  if (name === 'double_data') return bytes / 8
  return countVarints(view, field.start, field.end)
}

async function readField(view: ByteView, field: FileField, found: Found): Promise<void> {
  const dataField = FIELD_NAMES.get(field.number)
  if (dataField) {
    const before = found.counts.get(dataField) ?? 0
    found.counts.set(dataField, before + (await countNumbers(view, dataField, field)))
    return
  }
  const reader = async (): Promise<BinaryReader> =>
    new BinaryReader(await view.bytes(field.start, field.end))
  switch (field.number) {
    case 1: {
      const dimensions = await reader()
      while (dimensions.pos < dimensions.len && found.dimensions.length <= MAX_RANK)
        found.dimensions.push(integer(dimensions))
      break
    }
    case 2:
      found.type = integer(await reader())
      break
    case 3:
      found.elsewhere = 'it is one segment of a larger tensor'
      break
    case 8:
      found.name = new TextDecoder('utf-8', { fatal: true }).decode(
        await view.bytes(field.start, Math.min(field.end, field.start + 4096)),
      )
      break
    case RAW:
      found.rawBytes = field.end - field.start
      break
    case 13:
      found.elsewhere = 'its numbers are in another file (external data)'
      break
    case 14:
      if (integer(await reader()) !== 0)
        found.elsewhere = 'its numbers are in another file (external data)'
  }
}

function checkSize(found: Found, what: string): OnnxTensor {
  const { name, type, dimensions, counts, rawBytes } = found
  const known = TYPES[type]
  if (!known)
    throw new ModelError(
      'onnx-type-not-supported',
      `${what} has ${typeName(type)} elements; accepted are float, float16, double, bool and integers of 8 to 64 bits`,
    )
  const elements = dimensions.reduce((product, side) => product * side, 1)
  if (dimensions.length > MAX_RANK || dimensions.some((side) => side < 0))
    throw new ModelError(
      'onnx-shape-not-valid',
      `${what} has the shape [${dimensions.join(', ')}]: sides are 0 or more, and ${MAX_RANK} at most`,
    )
  if (!(elements * known.bytes <= MAX_TENSOR_BYTES))
    throw new ModelError(
      'onnx-tensor-too-large',
      `${what} has the shape [${dimensions.join(', ')}], which is ${elements * known.bytes} bytes; at most ${MAX_TENSOR_BYTES} are allowed`,
    )
  const wanted = `its shape [${dimensions.join(', ')}] of ${known.name} needs`
  const other = [...counts.keys()].find((field) => field !== known.field || rawBytes !== null)
  if (other)
    throw new ModelError(
      'onnx-tensor-damaged',
      `${what} has numbers in ${other}, where ${known.name} does not belong`,
    )
  if (rawBytes !== null && rawBytes !== elements * known.bytes)
    throw new ModelError(
      'onnx-tensor-damaged',
      `${what} has ${rawBytes} bytes, but ${wanted} ${elements * known.bytes}: the file is cut off or was changed. Export the model again`,
    )
  const count = counts.get(known.field) ?? 0
  if (rawBytes === null && count !== elements)
    throw new ModelError(
      'onnx-tensor-damaged',
      `${what} has ${count} numbers, but ${wanted} ${elements}: the file is cut off or was changed. Export the model again`,
    )
  return { name, type, shape: dimensions, elements }
}

/**
 * Reads all of a TensorProto but its numbers.
 * @param what begins the message of an error; the tensor's name is added when it has one
 * @throws ModelError when its numbers are not in the file, are more or fewer than its shape says, or too many
 */
export async function readTensor(
  view: ByteView,
  range: Pick<FileField, 'start' | 'end'>,
  what: string,
): Promise<OnnxTensor> {
  const found: Found = {
    name: '',
    type: 0,
    dimensions: [],
    counts: new Map(),
    rawBytes: null,
    elsewhere: null,
  }
  try {
    for await (const field of fileFields(view, range, what)) await readField(view, field, found)
  } catch (error) {
    if (error instanceof ModelError) throw error
    throw damaged(what, error)
  }
  const named = found.name ? `${what} ${quoted(found.name)}` : what
  if (found.elsewhere)
    throw new ModelError(
      'onnx-external-data',
      `${named}: ${found.elsewhere}, which is not read. Save the model as one file: onnx.save(model, path, save_as_external_data=False), or torch.onnx.export(…, external_data=False)`,
    )
  return checkSize(found, named)
}
