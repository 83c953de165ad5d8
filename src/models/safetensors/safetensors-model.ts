/** A safetensors file as a network with weights: with the architecture beside it, or one that this service wrote. */
import { MODEL_FORMAT, type Normalization } from '../../domain/model.ts'
import { layerInputs, type Network, type Shape } from '../../domain/network.ts'
import { safetensorsHeader } from '../../domain/safetensors-header.ts'
import { isObject, property } from '../json-fields.ts'
import { ModelError } from '../model-error.ts'
import { type MatchedTensor, matchModules } from './match-modules.ts'
import { type ArchitectureContext, readArchitecture } from './read-architecture.ts'
import { type FileTensor, readSafetensorsIndex, type SafetensorsIndex } from './read-index.ts'
import { weightBytes } from './rearrange.ts'
import { tensorNumbers } from './tensor-numbers.ts'
import { epsilonNotes, type WeightLayout, wantedModules } from './wanted-modules.ts'

export interface SafetensorsModel {
  readonly network: Network
  /** Of a file that this service wrote. */
  readonly normalization: Normalization | null
  readonly classNames: readonly string[] | null
  readonly weights: readonly MatchedTensor[]
  readonly path: string
  readonly notes: readonly string[]
}

/** Numbers of a vector that a normalization may have. */
const MAX_CHANNELS = 1_000_000
const NORMALIZATION = 'normalization.'

const isOwn = (index: SafetensorsIndex): boolean => index.metadata.get('format') === MODEL_FORMAT

const damaged = (what: string): ModelError =>
  new ModelError(
    'own-file-not-valid',
    `the safetensors file says that this service wrote it, but ${what}`,
  )

function parseMetadata(index: SafetensorsIndex, key: string): unknown {
  try {
    return JSON.parse(index.metadata.get(key) ?? 'null')
  } catch {
    throw damaged(`its \`${key}\` is not JSON`)
  }
}

/** The network as a client would write it: nothing that its layers imply is believed. */
function ownArchitecture(index: SafetensorsIndex): { json: unknown; inputShape: Shape } {
  const network = parseMetadata(index, 'network')
  const layers = isObject(network) ? property(network, 'layers') : undefined
  const inputShape = isObject(network) ? property(network, 'inputShape') : undefined
  const isSide = (side: unknown) => Number.isSafeInteger(side) && Number(side) > 0
  if (!Array.isArray(layers) || !Array.isArray(inputShape) || !inputShape.every(isSide))
    throw damaged('its `network` has no layers or no input shape')
  const specs = layers.map((placed: unknown, position) => {
    const layer = isObject(placed) ? property(placed, 'layer') : undefined
    if (!isObject(placed) || !isObject(layer)) throw damaged(`layer ${position + 1} is no layer`)
    const inputs = layerInputs({ inputShape, layers: layers as Network['layers'] }, position)
    return { ...layer, name: property(placed, 'name'), inputs }
  })
  return { json: { layers: specs }, inputShape: inputShape as number[] }
}

async function collect(path: string, tensor: FileTensor): Promise<number[]> {
  if (tensor.end - tensor.begin > 8 * MAX_CHANNELS) throw damaged(`${tensor.name} is too long`)
  const numbers: number[] = []
  for await (const part of tensorNumbers(path, tensor)) numbers.push(...part)
  return numbers
}

async function ownNormalization(
  { path, tensors }: SafetensorsIndex,
  channels: number,
): Promise<Normalization | null> {
  const find = (name: string) => tensors.find((tensor) => tensor.name === NORMALIZATION + name)
  const [mean, deviation] = [find('mean'), find('standardDeviation')]
  if (!mean && !deviation) return null
  if (!mean || !deviation) throw damaged('one tensor of its normalization is missing')
  const normalization = {
    mean: await collect(path, mean),
    standardDeviation: await collect(path, deviation),
  }
  if (normalization.mean.length !== channels || normalization.standardDeviation.length !== channels)
    throw damaged(`its normalization is not of ${channels} channels`)
  if (!normalization.standardDeviation.every((value) => value > 0))
    throw damaged('its normalization has a standard deviation that is not above 0')
  return normalization
}

function ownClassNames(index: SafetensorsIndex): readonly string[] | null {
  const names = parseMetadata(index, 'classNames')
  if (names === null) return null
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw damaged('its `classNames` are not a list of names')
  return names
}

export interface SafetensorsUpload {
  /** Of the weights, on disk. */
  readonly path: string
  /** Content of architecture.json; undefined: not sent. */
  readonly architecture: unknown
  /** Null: not said, channels-last. */
  readonly layout: WeightLayout | null
  readonly context: ArchitectureContext
}

async function readOwn(
  index: SafetensorsIndex,
  checkArchitecture: ArchitectureContext['checkArchitecture'],
): Promise<SafetensorsModel> {
  const { json, inputShape } = ownArchitecture(index)
  const { network, notes } = readArchitecture(json, {
    inputShape,
    classes: null,
    checkArchitecture,
  })
  const tensors = index.tensors.filter(({ name }) => !name.startsWith(NORMALIZATION))
  return {
    network,
    normalization: await ownNormalization(index, inputShape.at(-1) ?? 1),
    classNames: ownClassNames(index),
    weights: matchModules(wantedModules(network, 'channels-last'), { ...index, tensors }),
    path: index.path,
    notes,
  }
}

/** @throws ModelError that says what does not fit, or what the check of the architecture throws */
export async function readSafetensorsModel({
  path,
  architecture,
  layout,
  context,
}: SafetensorsUpload): Promise<SafetensorsModel> {
  const index = await readSafetensorsIndex(path)
  if (architecture === undefined) {
    if (isOwn(index)) {
      if (layout !== null || context.inputShape !== null)
        throw new ModelError(
          'setting-not-applicable',
          'the file was written by this service and says itself what it is: leave out `layout` and `inputShape`',
        )
      return readOwn(index, context.checkArchitecture)
    }
    throw new ModelError(
      'architecture-missing',
      'a safetensors file has weights but no layers: send a form with weights.safetensors and architecture.json, which is an architecture as in a job, or what model.to_json() of Keras gives',
    )
  }
  const { network, notes } = readArchitecture(architecture, context)
  return {
    network,
    normalization: null,
    classNames: null,
    weights: matchModules(wantedModules(network, layout ?? 'channels-last'), index),
    path,
    notes: layout === 'pytorch' ? [...notes, ...epsilonNotes(network)] : notes,
  }
}

/**
 * The model as a file of this service, in pieces. Numbers that are not finite show only while it is read, so the whole
 * must be read before any of it is kept.
 * @param normalization as float32, part of the file
 */
export async function* ownFile(
  { network, weights, path }: SafetensorsModel,
  normalization: Normalization | null,
  classNames: readonly string[] | null,
): AsyncGenerator<Uint8Array> {
  const vectors = normalization
    ? (['mean', 'standardDeviation'] as const).map((name) => ({
        name: NORMALIZATION + name,
        values: Float32Array.from(normalization[name]),
      }))
    : []
  yield safetensorsHeader(
    [
      ...vectors.map(({ name, values }) => ({ name, shape: [values.length] })),
      ...weights.map(({ wanted }) => ({ name: wanted.target, shape: wanted.shape })),
    ],
    {
      ...(classNames ? { classNames: JSON.stringify(classNames) } : {}),
      format: MODEL_FORMAT,
      network: JSON.stringify(network),
    },
  )
  for (const { values } of vectors) yield new Uint8Array(values.buffer)
  for (const weight of weights) yield* weightBytes(path, weight)
}
