/**
 * Which tensors a safetensors file holds and where, from a file that nobody has checked. Reading it takes the header into
 * memory, which is bounded, and nothing else; it is JSON and offsets, so plain code with limits is enough to read it in
 * the process of the API. Format: https://github.com/huggingface/safetensors#format
 */
import { type FileHandle, open } from 'node:fs/promises'
import { elements, type Shape, showShape } from '../../domain/network.ts'
import { isObject, shown } from '../json-fields.ts'
import { ModelError, quoted } from '../model-error.ts'

/** Bytes of one number. */
const DTYPES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const
export type Dtype = keyof typeof DTYPES

export interface FileTensor {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: Shape
  /** Of its numbers in the file, in bytes. */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsIndex {
  /** On disk; the tensors are read from there. */
  readonly path: string
  readonly metadata: ReadonlyMap<string, string>
  /** In the order of their numbers. */
  readonly tensors: readonly FileTensor[]
}

const LENGTH_BYTES = 8
const MAX_HEADER_BYTES = 8 * 1024 * 1024
const MAX_TENSORS = 10_000
const MAX_RANK = 8
/** Of one tensor; the largest network has as many. */
const MAX_ELEMENTS = 250_000_000
const METADATA = '__metadata__'

const refuse = (code: string, message: string): never => {
  throw new ModelError(code, `the safetensors file ${message}`)
}
const badHeader = (message: string): never => refuse('safetensors-header-not-valid', message)

async function readHeader(file: FileHandle, sizeBytes: number): Promise<string> {
  const read = async (from: number, count: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, from)
    return buffer.subarray(0, bytesRead)
  }
  const truncated = (): never =>
    refuse('safetensors-truncated', 'ends within its header: send the whole file')
  if (sizeBytes < LENGTH_BYTES + 2) return truncated()
  const length = (await read(0, LENGTH_BYTES)).readBigUInt64LE()
  if (length > MAX_HEADER_BYTES)
    return badHeader(
      `says that its header has ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed: it is damaged, or no safetensors file`,
    )
  if (LENGTH_BYTES + Number(length) > sizeBytes) return truncated()
  const bytes = await read(LENGTH_BYTES, Number(length))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return badHeader('has a header that is not UTF-8')
  }
}

/**
 * Names of the outermost object, as often as they are written; of two equal ones JSON.parse would keep the last in silence.
 * @param json valid, an object
 */
export function outerNames(json: string): string[] {
  const names: string[] = []
  let depth = 0
  for (const { 0: token, 1: string, 2: colon } of json.matchAll(
    /("(?:[^"\\]|\\.)*")\s*(:?)|[{}[\]]/gs,
  )) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && colon === ':' && string !== undefined)
      names.push(JSON.parse(string) as string)
  }
  return names
}

function parseHeader(json: string): Record<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(json)
  } catch {
    return badHeader('has a header that is not JSON')
  }
  if (!isObject(header)) return badHeader(`has a header that is ${shown(header)}, not an object`)
  const seen = new Set<string>()
  for (const name of outerNames(json)) {
    if (seen.has(name))
      return refuse('tensor-duplicated', `has two tensors called ${quoted(name)} in its header`)
    seen.add(name)
  }
  return header
}

function readMetadata(value: unknown): Map<string, string> {
  if (value === undefined) return new Map()
  const entries = isObject(value) ? Object.entries(value) : []
  if (!isObject(value) || !entries.every(([, text]) => typeof text === 'string'))
    return badHeader(`has ${METADATA} that are not an object of strings`)
  return new Map(entries as [string, string][])
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

const isDtype = (value: unknown): value is Dtype =>
  typeof value === 'string' && Object.hasOwn(DTYPES, value)

function readTensor(name: string, value: unknown, start: number): FileTensor {
  const of = `tensor ${quoted(name)}`
  if (!isObject(value)) return badHeader(`describes ${of} by ${shown(value)}, not by an object`)
  const { dtype, shape, data_offsets: offsets } = value
  if (!isDtype(dtype)) return badHeader(`gives ${of} the type ${shown(dtype)}, which is not known`)
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount))
    return badHeader(`gives ${of} the shape ${shown(shape)}, not a list of up to ${MAX_RANK} sizes`)
  // Sizes are compared before they are multiplied further, so that no product loses digits.
  if (shape.reduce((product, side) => Math.min(product * side, Number.MAX_VALUE), 1) > MAX_ELEMENTS)
    return refuse(
      'tensor-too-large',
      `declares ${of} as ${showShape(shape)}: more than ${MAX_ELEMENTS} numbers are not allowed`,
    )
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    return badHeader(`gives ${of} the data_offsets ${shown(offsets)}, not two positions`)
  const [begin = 0, end = 0] = offsets as number[]
  const needed = elements(shape) * DTYPES[dtype]
  if (end - begin !== needed)
    return refuse(
      'tensor-size-mismatch',
      `gives ${of} ${end - begin} bytes, but ${showShape(shape)} of ${dtype} needs ${needed}`,
    )
  return { name, dtype, shape, begin: start + begin, end: start + end }
}

/** Every byte after the header belongs to exactly one tensor. */
function checkLayout(tensors: readonly FileTensor[], start: number, sizeBytes: number): void {
  let at = start
  let before = 'the header'
  for (const { name, begin, end } of tensors) {
    if (begin < at)
      refuse('tensors-overlap', `lets tensor ${quoted(name)} overlap ${before}: it is damaged`)
    if (begin > at)
      refuse(
        'tensors-leave-a-gap',
        `leaves ${begin - at} bytes between ${before} and tensor ${quoted(name)} that belong to nothing: it is damaged`,
      )
    at = end
    before = `tensor ${quoted(name)}`
  }
  if (at > sizeBytes)
    refuse(
      'safetensors-truncated',
      `has ${sizeBytes} bytes, but its header promises ${at}: send the whole file`,
    )
  if (at < sizeBytes)
    refuse('safetensors-too-long', `has ${sizeBytes} bytes, but its header describes only ${at}`)
}

/** @throws ModelError that says what is wrong with the file */
export async function readSafetensorsIndex(path: string): Promise<SafetensorsIndex> {
  await using file = await open(path)
  const { size } = await file.stat()
  const json = await readHeader(file, size)
  const header = parseHeader(json)
  const start = LENGTH_BYTES + Buffer.byteLength(json)
  const { [METADATA]: metadata, ...described } = header
  const names = Object.keys(described)
  if (names.length === 0) return badHeader('holds no tensor')
  if (names.length > MAX_TENSORS)
    return badHeader(`holds ${names.length} tensors, at most ${MAX_TENSORS} are allowed`)
  const tensors = names
    .map((name) => readTensor(name, described[name], start))
    .sort((one, other) => one.begin - other.begin || one.end - other.end)
  checkLayout(tensors, start, size)
  return { path, metadata: readMetadata(metadata), tensors }
}
