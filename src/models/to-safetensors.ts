/** An uploaded model as a safetensors file, streamed: the weights pass through and are looked at, never collected. */
import { MODEL_FORMAT, type Normalization } from '../domain/model.ts'
import { elements, type Network, type Shape } from '../domain/network.ts'
import { type SafetensorsTensor, safetensorsHeader } from '../domain/safetensors-header.ts'
import { firstNotFinite } from './finite.ts'
import type { WeightEntry } from './match-weights.ts'
import { ModelError, quoted } from './model-error.ts'
import type { ModelSource } from './model-source.ts'
import type { ShardGroup } from './weights-manifest.ts'

/** Of the metadata; a reader that does not know it must refuse the file. */

/** Numbers of a constant tensor that are made at once. */
const CONSTANT_CHUNK = 16_384

type PassingEntry = Exclude<WeightEntry, { kind: 'constant' }>

function groupsOf(tensors: readonly WeightEntry[]): Map<ShardGroup, PassingEntry[]> {
  const groups = new Map<ShardGroup, PassingEntry[]>()
  for (const entry of tensors) {
    if (entry.kind === 'constant') continue
    const members = groups.get(entry.group)
    if (members) members.push(entry)
    else groups.set(entry.group, [entry])
  }
  return groups
}

const bytesOf = (entry: PassingEntry): number =>
  entry.kind === 'skipped' ? entry.sizeBytes : 4 * elements(entry.shape)

function wrongSize(group: ShardGroup, promisedBytes: number, foundBytes: number): ModelError {
  const files =
    group.paths.map(quoted).slice(0, 3).join(', ') + (group.paths.length > 3 ? ', ...' : '')
  const [code, what] =
    foundBytes < promisedBytes
      ? ['weights-truncated', 'the file is cut off, or belongs to another model']
      : ['weights-too-long', 'the file belongs to another model']
  return new ModelError(
    code,
    `weight file ${files}: ${foundBytes} bytes, but model.json promises ${promisedBytes}: ${what}. Send model.json and its weight files as they were saved together`,
  )
}

/** Row-major position of one number, as indices. */
function position(flat: number, shape: Shape): string {
  let rest = flat
  const indices = [...shape].reverse().map((side) => {
    const index = rest % side
    rest = Math.floor(rest / side)
    return index
  })
  return `[${indices.reverse().join(', ')}]`
}

/** Bytes of a group's files, one after the other, with the total checked on the way. */
async function* passShards(
  group: ShardGroup,
  promisedBytes: number,
  source: ModelSource,
): AsyncGenerator<Uint8Array> {
  let foundBytes = 0
  for (const path of group.paths) {
    for await (const chunk of source.shard(path)) {
      foundBytes += chunk.length
      if (foundBytes > promisedBytes) throw wrongSize(group, promisedBytes, foundBytes)
      if (chunk.length > 0) yield chunk
    }
  }
  if (foundBytes !== promisedBytes) throw wrongSize(group, promisedBytes, foundBytes)
}

/** Cuts the bytes of a group into its tensors; what is skipped is read and dropped. */
async function* passGroup(
  group: ShardGroup,
  entries: readonly PassingEntry[],
  source: ModelSource,
): AsyncGenerator<Uint8Array> {
  const promisedBytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
  let at = 0
  let doneBytes = 0
  /** Last byte that was seen of the tensor at hand. */
  let before = 0
  for await (const chunk of passShards(group, promisedBytes, source)) {
    let start = 0
    while (start < chunk.length) {
      const entry = entries[at]
      if (entry === undefined) return
      const part = chunk.subarray(start, start + bytesOf(entry) - doneBytes)
      if (entry.kind === 'stored') {
        const bad = firstNotFinite(part, doneBytes, before)
        if (bad !== undefined)
          throw new ModelError(
            'weight-not-finite',
            `weight ${quoted(entry.storedName)} is NaN or infinite at ${position(bad, entry.shape)}: such a model predicts nothing. Train it again with a smaller learning rate, and save it before it diverges`,
          )
        if (part.length > 0) yield part
      }
      before = part.at(-1) ?? before
      doneBytes += part.length
      start += part.length
      if (doneBytes === bytesOf(entry)) {
        at++
        doneBytes = 0
      }
    }
  }
}

function* constantBytes(count: number, value: number): Generator<Uint8Array> {
  for (let done = 0; done < count; done += CONSTANT_CHUNK)
    yield float32Bytes(new Array(Math.min(CONSTANT_CHUNK, count - done)).fill(value))
}

/** Little-endian on every machine. */
function float32Bytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length))
  for (const [index, value] of values.entries()) view.setFloat32(4 * index, value, true)
  return new Uint8Array(view.buffer)
}

function normalizationTensors(
  normalization: Normalization | null,
  network: Network,
): { tensor: SafetensorsTensor; values: readonly number[] }[] {
  if (normalization === null) return []
  const channels = network.inputShape.at(-1) ?? 0
  const { mean, standardDeviation } = normalization
  const finite = (value: number) => Number.isFinite(Math.fround(value))
  if (mean.length !== channels || standardDeviation.length !== channels)
    throw new ModelError(
      'normalization-does-not-fit',
      `the normalization has ${mean.length} means and ${standardDeviation.length} standard deviations, but the last axis of the input has ${channels}`,
    )
  if (!mean.every(finite) || !standardDeviation.every((sd) => finite(sd) && Math.fround(sd) > 0))
    throw new ModelError(
      'normalization-not-finite',
      'every mean must be a finite number and every standard deviation a finite number above 0, in float32',
    )
  const tensor = (name: string) => ({ name: `normalization.${name}`, shape: [channels] })
  return [
    { tensor: tensor('mean'), values: mean },
    { tensor: tensor('standardDeviation'), values: standardDeviation },
  ]
}

/**
 * The file in pieces: header, normalization, stored tensors in the order of the shards, constants.
 * Sizes are compared before the first byte is given; damage and numbers that are not finite show only while reading,
 * so the whole must be read before any of it is kept.
 *
 * @param metadata beside `format` and `network`, for example `classNames` as JSON
 * @throws ModelError when the weight files are not what model.json promises
 */
export async function* safetensorsStream(
  network: Network,
  normalization: Normalization | null,
  tensors: readonly WeightEntry[],
  source: ModelSource,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const normalizing = normalizationTensors(normalization, network)
  const groups = groupsOf(tensors)
  for (const [group, entries] of groups) {
    const promised = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
    const found = group.paths.reduce((sum, path) => sum + source.sizeBytes(path), 0)
    if (found !== promised) throw wrongSize(group, promised, found)
  }
  const passing = [...groups.values()].flat().filter((entry) => entry.kind === 'stored')
  const constants = tensors.filter((entry) => entry.kind === 'constant')
  yield safetensorsHeader([...normalizing.map((entry) => entry.tensor), ...passing, ...constants], {
    ...metadata,
    format: MODEL_FORMAT,
    network: JSON.stringify(network),
  })
  for (const { values } of normalizing) yield float32Bytes(values)
  for (const [group, entries] of groups) yield* passGroup(group, entries, source)
  for (const { shape, value } of constants) yield* constantBytes(elements(shape), value)
}
