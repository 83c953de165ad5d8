/** Small SavedModels made by hand, with whatever is wrong. */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { type FieldValue, message } from '../../../support/protobuf.ts'

const FLOAT = 1

type Field = readonly [number, FieldValue]

/** -1: any. */
export const shapeOf = (sides: readonly number[]): Uint8Array =>
  message([2, sides.map((side) => message([1, side]))])

const attribute = (key: string, ...value: readonly Field[]): Field => [
  5,
  message([1, key], [2, message(...value)]),
]
export const typeAttribute = (key: string, type = FLOAT): Field => attribute(key, [6, type])
export const shapeAttribute = (key: string, sides: readonly number[]): Field =>
  attribute(key, [7, shapeOf(sides)])
export const functionAttribute = (name: string): Field => attribute('f', [10, message([1, name])])
export const tensorAttribute = (sides: readonly number[]): Field =>
  attribute('value', [8, message([1, FLOAT], [2, shapeOf(sides)])])

export const nodeDef = (
  name: string,
  op: string,
  inputs: readonly string[] = [],
  ...more: readonly Field[]
): Uint8Array => message([1, name], [2, op], [3, inputs], ...more)

export const functionDef = (
  name: string,
  nodes: readonly Uint8Array[],
  returns: string,
): Uint8Array =>
  message(
    [1, message([1, name], [2, message([1, 'rows'])], [3, message([1, 'out'])])],
    [3, nodes],
    [4, message([1, 'out'], [2, returns])],
  )

export const tensorInfo = (name: string, sides: readonly number[], type = FLOAT): Uint8Array =>
  message([1, name], [2, type], [3, shapeOf(sides)])

export const signature = (
  inputs: Readonly<Record<string, Uint8Array>>,
  outputs: Readonly<Record<string, Uint8Array>>,
): Uint8Array => {
  const entries = (of: Readonly<Record<string, Uint8Array>>) =>
    Object.entries(of).map(([key, value]) => message([1, key], [2, value]))
  return message([1, entries(inputs)], [2, entries(outputs)])
}

interface Parts {
  readonly tags?: readonly string[]
  readonly nodes?: readonly Uint8Array[]
  readonly functions?: readonly Uint8Array[]
  readonly signatures?: Readonly<Record<string, Uint8Array>>
  readonly metaFields?: readonly Field[]
}

export const ROWS = nodeDef('x', 'Placeholder', [], typeAttribute('dtype'))

/** Four features to four classes, unless parts say otherwise. */
export function savedModel(parts: Parts = {}): Uint8Array {
  const signatures = parts.signatures ?? {
    serving_default: signature(
      { rows: tensorInfo('x:0', [-1, 4]) },
      { logits: tensorInfo('y:0', [-1, 4]) },
    ),
  }
  const meta = message(
    [1, message([4, parts.tags ?? ['serve']])],
    [
      2,
      message(
        [1, [ROWS, ...(parts.nodes ?? [nodeDef('y', 'Relu', ['x'])])]],
        [2, message([1, parts.functions ?? []])],
      ),
    ],
    [5, Object.entries(signatures).map(([key, value]) => message([1, key], [2, value]))],
    ...(parts.metaFields ?? []),
  )
  return message([1, 1], [2, meta])
}

export async function zipOf(
  path: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  const zip = new ZipFile()
  for (const [name, bytes] of Object.entries(files)) zip.addBuffer(Buffer.from(bytes), name)
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path))
}
