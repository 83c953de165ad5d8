/**
 * The safetensors format: 8 bytes header length (little-endian), a JSON header, then the numbers of all tensors.
 * It carries numbers and strings only, nothing that could run. Float32 is the one type written and accepted here.
 */
import { elements } from '../../../src/domain/network.ts'
import { safetensorsHeader } from '../../../src/domain/safetensors-header.ts'
import { InputError } from '../input-error.ts'
import type { NamedArray } from '../weights.ts'

const LENGTH_BYTES = 8
const MAX_HEADER_BYTES = 1_000_000
const METADATA = '__metadata__'

/** Strings that travel with the tensors. */
export type Metadata = Readonly<Record<string, string>>

export interface SafetensorsFile {
  readonly arrays: readonly NamedArray[]
  readonly metadata: Metadata
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/**
 * Writes a file as chunks, which share memory with the arrays. Equal input gives equal bytes: tensors lie in the given
 * order, the header is padded with spaces so that the numbers start at a multiple of 8.
 */
export function writeSafetensors(
  arrays: readonly NamedArray[],
  metadata: Metadata,
): readonly Uint8Array[] {
  for (const { name, shape, values } of arrays)
    if (elements(shape) !== values.length)
      throw new Error(
        `tensor ${name} has ${values.length} numbers, its shape [${shape}] needs others`,
      )
  const header = safetensorsHeader(arrays, metadata)
  if (header.length - LENGTH_BYTES > MAX_HEADER_BYTES)
    throw new InputError(
      'header-too-large',
      `names and metadata of the weights take ${header.length} bytes, at most ${MAX_HEADER_BYTES} fit into a file`,
    )
  return [header, ...arrays.map(({ values }) => bytesOf(values))]
}

const bad = (why: string): InputError => new InputError('bad-safetensors', `weights file: ${why}`)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; start: number } {
  if (bytes.length < LENGTH_BYTES) throw bad('shorter than the 8 bytes of its header length')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > MAX_HEADER_BYTES) throw bad(`header of ${length} bytes, at most ${MAX_HEADER_BYTES}`)
  const start = LENGTH_BYTES + Number(length)
  if (start > bytes.length) throw bad('ends within its header')
  let header: unknown
  try {
    header = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start)),
    )
  } catch {
    throw bad('the header is not JSON in UTF-8')
  }
  if (!isRecord(header)) throw bad('the header is not a JSON object')
  return { header, start }
}

function readMetadata(value: unknown): Metadata {
  if (value === undefined) return {}
  if (!isRecord(value) || !Object.values(value).every((text) => typeof text === 'string'))
    throw bad(`${METADATA} is not an object of strings`)
  return value as Metadata
}

interface Entry {
  readonly name: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

function readEntry(name: string, value: unknown): Entry {
  if (!isRecord(value)) throw bad(`entry of ${name} is not an object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (dtype !== 'F32') throw bad(`${name} has type ${String(dtype)}; only F32 is accepted`)
  if (!Array.isArray(shape) || !shape.every(isCount)) throw bad(`${name} has no proper shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw bad(`${name} has no proper data_offsets`)
  const [begin, end] = offsets as [number, number]
  if (end - begin !== 4 * elements(shape))
    throw bad(
      `${name} has ${end - begin} bytes but its shape [${shape.join(', ')}] needs ${4 * elements(shape)}`,
    )
  return { name, shape, begin, end }
}

/**
 * Reads a file, and trusts nothing in it.
 * @returns tensors in the order of their numbers in the file; copies, so `bytes` may be dropped
 * @throws InputError `bad-safetensors` that says what is wrong
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, start } = readHeader(bytes)
  const metadata = readMetadata(header[METADATA])
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readEntry(name, value))
    .sort((one, other) => one.begin - other.begin || one.end - other.end)
  let offset = 0
  for (const { name, begin, end } of entries) {
    if (begin !== offset)
      throw bad(
        `${name} ${begin < offset ? 'overlaps the tensor before it' : 'leaves a gap before it'}`,
      )
    offset = end
  }
  if (start + offset !== bytes.length)
    throw bad(`has ${bytes.length - start} bytes of numbers but its header describes ${offset}`)
  const arrays = entries.map(({ name, shape, begin, end }) => {
    const values = new Float32Array((end - begin) / 4)
    bytesOf(values).set(bytes.subarray(start + begin, start + end))
    return { name, shape, values }
  })
  return { arrays, metadata }
}
