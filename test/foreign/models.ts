/** The models that every runtime is given, as files of a format, with what the engine answers. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { PRECISIONS, type Precision, type WeightFormat } from '../../src/domain/model.ts'
import { elements, type Network } from '../../src/domain/network.ts'
import { exportModel } from '../../src/models/export/export-model.ts'
import { NETWORKS, PRESET_NETWORKS } from '../unit/models/export/networks.ts'
import { type Stored, stored } from '../unit/models/export/stored.ts'
import type { Digits } from './digits.ts'

export interface Case {
  readonly name: string
  readonly network: Network
  readonly precision: Precision
  /** Path of the model in the format asked for. */
  readonly file: string
  /** Path of raw rows in float32. */
  readonly rows: string
  readonly count: number
  /** Path for logits in float32. */
  readonly answers: string
  readonly want: Float32Array
}

const SUFFIXES = {
  safetensors: 'safetensors',
  tfjs: 'tfjs.zip',
  onnx: 'onnx',
  savedmodel: 'savedmodel.zip',
} as const satisfies Record<WeightFormat, string>

async function write(
  folder: string,
  name: string,
  from: Stored,
  format: WeightFormat,
  precision: Precision,
): Promise<Case> {
  mkdirSync(folder, { recursive: true })
  const { network } = from.model
  const at = path.join(folder, `${name.replaceAll(' ', '-')}.${precision}`)
  const file = `${at}.${SUFFIXES[format]}`
  writeFileSync(file, await buffer(exportModel(from.model, from.weights, format, precision)))
  writeFileSync(`${at}.rows`, from.rows)
  return {
    name: `${name} ${precision}`,
    network,
    precision,
    file,
    rows: `${at}.rows`,
    count: from.rows.length / elements(network.inputShape),
    answers: `${at}.answers`,
    want: await from.answers(precision),
  }
}

export async function writeModels(
  folder: string,
  format: WeightFormat,
  { student }: Digits,
): Promise<Case[]> {
  const cases: Case[] = []
  for (const precision of PRECISIONS)
    cases.push(await write(folder, 'digits', student, format, precision))
  for (const [name, network] of NETWORKS) {
    const from = await stored(network, { scale: 100, normalize: true })
    for (const precision of PRECISIONS)
      cases.push(await write(folder, name, from, format, precision))
  }
  for (const [name, network] of PRESET_NETWORKS) {
    const from = await stored(network, { normalize: true, trained: false })
    cases.push(await write(folder, name, from, format, 'float32'))
  }
  return cases
}
