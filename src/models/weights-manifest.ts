/** The tensors that `weightsManifest` promises, in the order of their bytes. */
import { elements, type Shape } from '../domain/network.ts'
import { isObject, property, shown } from './json-fields.ts'
import { ModelError, quoted } from './model-error.ts'

/** Weights whose bytes follow one another through these files. */
export interface ShardGroup {
  /** Relative to the folder of model.json. */
  readonly paths: readonly string[]
}

export interface StoredWeight {
  readonly name: string
  readonly shape: Shape
  readonly dtype: string
  readonly sizeBytes: number
  /** Saved beside the weights by `includeOptimizer`. */
  readonly isOptimizerState: boolean
  readonly group: ShardGroup
}

const MAX_WEIGHTS = 4096
const MAX_SHARDS = 1000
const MAX_RANK = 8
/** Of one tensor. */
const MAX_ELEMENTS = 250_000_000
const BYTES: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['int32', 4],
  ['bool', 1],
  ['complex64', 8],
])

const bad = (message: string): never => {
  throw new ModelError('weights-manifest-not-valid', `model.json: ${message}`)
}

function readPath(value: unknown): string {
  if (typeof value !== 'string' || value.length > 512)
    return bad(`weightsManifest: a path is ${shown(value)}, not the name of a file`)
  const path = value.replace(/^(\.\/)+/, '')
  if (path === '' || /^\/|^[a-zA-Z]+:|\\|\0/.test(path) || path.split('/').includes('..'))
    throw new ModelError(
      'weights-path-not-allowed',
      `model.json: weight file ${quoted(value)} must lie beside model.json; absolute paths, "..", backslashes and addresses are refused`,
    )
  return path
}

function readShape(value: unknown, name: string): Shape {
  const sides: unknown[] = Array.isArray(value) ? value : []
  if (!Array.isArray(value) || sides.length > MAX_RANK)
    return bad(
      `weight ${quoted(name)}: shape is ${shown(value)}, not a list of up to ${MAX_RANK} sizes`,
    )
  const isSize = (side: unknown): side is number =>
    typeof side === 'number' && Number.isInteger(side) && side >= 0 && side <= MAX_ELEMENTS
  if (!sides.every(isSize))
    return bad(`weight ${quoted(name)}: shape ${shown(value)} has a size that cannot be`)
  if (elements(sides) > MAX_ELEMENTS)
    return bad(
      `weight ${quoted(name)}: shape ${shown(value)} has more than ${MAX_ELEMENTS} numbers`,
    )
  return sides
}

function readWeight(value: unknown, group: ShardGroup): StoredWeight {
  if (!isObject(value)) return bad(`weightsManifest: a weight is ${shown(value)}, not an object`)
  const name = property(value, 'name')
  if (typeof name !== 'string' || name === '' || name.length > 512)
    return bad(`weightsManifest: a weight has no usable name (${shown(name)})`)
  const quantization = property(value, 'quantization')
  if (quantization !== undefined && quantization !== null)
    throw new ModelError(
      'weights-quantized',
      `model.json: weight ${quoted(name)} is quantized; only float32 weights are read. Convert again without the --quantize_* options of tensorflowjs_converter`,
    )
  const dtype = property(value, 'dtype')
  const width = typeof dtype === 'string' ? BYTES.get(dtype) : undefined
  if (typeof dtype !== 'string' || width === undefined)
    throw new ModelError(
      'weights-dtype-not-supported',
      `model.json: weight ${quoted(name)} has dtype ${shown(dtype)}; only float32 is read. Save the model with float32 weights`,
    )
  const shape = readShape(property(value, 'shape'), name)
  return {
    name,
    shape,
    dtype,
    sizeBytes: width * elements(shape),
    isOptimizerState: property(value, 'group') === 'optimizer',
    group,
  }
}

/** @throws ModelError when a path, name, shape or dtype cannot be, or the weights are quantized */
export function readWeightsManifest(manifest: unknown): StoredWeight[] {
  if (!Array.isArray(manifest))
    return bad(
      `weightsManifest is ${shown(manifest)}, so the file has no weights. Upload the model.json that was saved together with its weight files`,
    )
  const weights: StoredWeight[] = []
  const paths = new Set<string>()
  for (const entry of manifest as unknown[]) {
    const group = isObject(entry) ? property(entry, 'paths') : undefined
    const specs = isObject(entry) ? property(entry, 'weights') : undefined
    if (!Array.isArray(group) || !Array.isArray(specs))
      return bad('weightsManifest: a group lacks its list `paths` or its list `weights`')
    if (paths.size + group.length > MAX_SHARDS)
      return bad(`weightsManifest: more than ${MAX_SHARDS} weight files`)
    if (weights.length + specs.length > MAX_WEIGHTS)
      return bad(`weightsManifest: more than ${MAX_WEIGHTS} weights`)
    const shards: ShardGroup = { paths: group.map(readPath) }
    for (const path of shards.paths) {
      if (paths.has(path)) return bad(`weightsManifest: weight file ${quoted(path)} is named twice`)
      paths.add(path)
    }
    for (const spec of specs) weights.push(readWeight(spec, shards))
  }
  return weights
}
