/** Which tensors of a file are which weights of a network: by name, by order, or by shape where that is certain. */
import { type Shape, sameShape, showShape } from '../../domain/network.ts'
import { ModelError, quoted } from '../model-error.ts'
import type { FileTensor, SafetensorsIndex } from './read-index.ts'
import { decoderOf } from './tensor-numbers.ts'
import type { WantedModule, WantedTensor } from './wanted-modules.ts'

/** Tensors of the file whose names differ in their last part only. */
interface FoundModule {
  readonly name: string
  readonly tensors: ReadonlyMap<string, FileTensor>
}

export interface MatchedTensor {
  readonly wanted: WantedTensor
  /** Null: the file leaves it out, every number is the constant. */
  readonly source: FileTensor | null
}

/** Key of the metadata that lists the tensors in the order of the model, as JSON: the format itself keeps none. */
export const ORDER_KEY = 'order'

const SHOWN_MODULES = 40

/** Counters and training state, which a network does not compute with. */
const isIgnored = (name: string): boolean => /(^|\.)num_batches_tracked$/.test(name)

function modulesOf(tensors: readonly FileTensor[]): FoundModule[] {
  const modules = new Map<string, Map<string, FileTensor>>()
  for (const tensor of tensors) {
    if (isIgnored(tensor.name)) continue
    const cut = Math.max(tensor.name.lastIndexOf('.'), tensor.name.lastIndexOf('/'))
    const name = tensor.name.slice(0, Math.max(cut, 0))
    const role = tensor.name.slice(cut + 1).replace(/:0$/, '')
    const module = modules.get(name) ?? new Map<string, FileTensor>()
    module.set(role, tensor)
    modules.set(name, module)
  }
  return [...modules].map(([name, found]) => ({ name, tensors: found }))
}

const sourceOf = (wanted: WantedTensor, { tensors }: FoundModule): FileTensor | undefined =>
  wanted.roles.map((role) => tensors.get(role)).find((tensor) => tensor !== undefined)

/** Whether every tensor of both is at home in the other. */
function fits({ tensors }: WantedModule, module: FoundModule): boolean {
  const sources = tensors.map((tensor) => ({ tensor, source: sourceOf(tensor, module) }))
  return (
    sources.every(({ tensor, source }) =>
      source ? sameShape(source.shape, tensor.fileShape) : tensor.constant !== null,
    ) && sources.filter(({ source }) => source).length === module.tensors.size
  )
}

/** Segments of a path; numbers at their ends are compared as numbers. */
const segments = (name: string): { stem: string; number: number }[] =>
  name.split(/[./]/).map((part) => {
    const stem = part.replace(/\d+$/, '')
    return { stem, number: Number(part.slice(stem.length) || -1) }
  })

/** Which of two modules comes first in the model; 0 where their names do not tell. */
function compareNames(one: string, other: string): number {
  const [a, b] = [segments(one), segments(other)]
  const at = a.findIndex(({ stem, number }, i) => stem !== b[i]?.stem || number !== b[i]?.number)
  const [left, right] = [a[at], b[at]]
  return left && right && left.stem === right.stem ? left.number - right.number : 0
}

const shapes = (entries: readonly (readonly [string, Shape])[]): string =>
  entries.map(([role, shape]) => `${role} ${showShape(shape)}`).join(', ')
const showWanted = ({ layer, tensors }: WantedModule): string =>
  `${layer}: ${shapes(tensors.map(({ roles, fileShape }) => [roles[0] ?? '', fileShape]))}`
const showFound = ({ name, tensors }: FoundModule): string =>
  `${quoted(name)}: ${shapes([...tensors].map(([role, { shape }]) => [role, shape]))}`

function list<Item>(items: readonly Item[], show: (item: Item) => string): string {
  const more = items.length > SHOWN_MODULES ? `; and ${items.length - SHOWN_MODULES} more` : ''
  return items.slice(0, SHOWN_MODULES).map(show).join('; ') + more
}

function mismatch(
  wanted: readonly WantedModule[],
  found: readonly FoundModule[],
  why: string,
): ModelError {
  const isPytorch = found.some(({ tensors }) => tensors.has('weight'))
  const expectsPytorch = wanted.some(({ tensors }) =>
    tensors.some(({ roles }) => roles[0] === 'weight'),
  )
  const hint =
    isPytorch && !expectsPytorch
      ? ' The names are those of PyTorch: say layout=pytorch.'
      : !isPytorch && expectsPytorch
        ? ' The names are not those of PyTorch: leave out layout=pytorch.'
        : ''
  return new ModelError(
    'weights-do-not-match',
    `the weights are not those of the architecture: ${why}.${hint} Expected are, in the order of the layers, ${list(wanted, showWanted)}. The file has ${list(found, showFound)}`,
  )
}

/** Every layer is called like a module, with `_` for dots. */
function byName(
  wanted: readonly WantedModule[],
  found: readonly FoundModule[],
): FoundModule[] | null {
  const byNameHere = new Map(found.map((module) => [module.name.replace(/[./]/g, '_'), module]))
  if (new Set(wanted.map(({ layer }) => layer)).size < wanted.length) return null
  const named = wanted.map(({ layer }) => byNameHere.get(layer))
  return named.every((module) => module !== undefined) ? named : null
}

/** The order that whoever wrote the file has put into its metadata. */
function inWrittenOrder(index: SafetensorsIndex): FoundModule[] | null {
  const text = index.metadata.get(ORDER_KEY)
  if (text === undefined) return null
  let names: unknown
  try {
    names = JSON.parse(text)
  } catch {
    names = null
  }
  const byTensor = new Map(index.tensors.map((tensor) => [tensor.name, tensor]))
  const ordered = Array.isArray(names)
    ? names.map((name: unknown) => byTensor.get(String(name)))
    : []
  if (new Set(ordered).size !== index.tensors.length || ordered.includes(undefined))
    throw new ModelError(
      'weights-order-not-valid',
      `the metadata of the safetensors file have \`${ORDER_KEY}\`, which must be a JSON list of the names of all its tensors, each once`,
    )
  return modulesOf(ordered.filter((tensor) => tensor !== undefined))
}

/** Modules of one form go to the layers of that form in the order of their names, where the names have one. */
function byShape(wanted: readonly WantedModule[], found: readonly FoundModule[]): FoundModule[] {
  const taken = new Map<WantedModule, FoundModule>()
  const free = new Set(found)
  for (const layer of wanted) {
    if (taken.has(layer)) continue
    const alike = [...free].filter((module) => fits(layer, module))
    const layers = wanted.filter((other) => alike[0] && !taken.has(other) && fits(other, alike[0]))
    if (alike.length === 0 || alike.length !== layers.length)
      throw mismatch(
        wanted,
        found,
        `${showWanted(layer)} is needed by ${Math.max(layers.length, 1)} of the layers, and ${alike.length} modules are so`,
      )
    alike.sort((one, other) => compareNames(one.name, other.name))
    for (const [at, module] of alike.entries()) {
      const next = alike[at + 1]
      if (next && compareNames(module.name, next.name) >= 0)
        throw mismatch(
          wanted,
          found,
          `${quoted(module.name)} and ${quoted(next.name)} have the same shapes, and their names do not say which comes first. Give the layers of the architecture the names of the modules, with _ for dots, or write the order of the state_dict into the metadata as examples/export_state_dict.py does`,
        )
      free.delete(module)
      const owner = layers[at]
      if (owner) taken.set(owner, module)
    }
  }
  return wanted.flatMap((layer) => taken.get(layer) ?? [])
}

function inOrder(wanted: readonly WantedModule[], found: readonly FoundModule[]): FoundModule[] {
  const at = wanted.findIndex((layer, position) => {
    const module = found[position]
    return module === undefined || !fits(layer, module)
  })
  const [layer, module] = [wanted[at], found[at]]
  if (layer)
    throw mismatch(
      wanted,
      found,
      `${showWanted(layer)} is expected as number ${at + 1}, but ${module ? `${showFound(module)} is there` : 'there is no more'}`,
    )
  return [...found]
}

/**
 * One entry a weight of the network, in its order.
 * @throws ModelError that lists what is expected and what was found, with shapes
 */
export function matchModules(
  wanted: readonly WantedModule[],
  index: SafetensorsIndex,
): MatchedTensor[] {
  const found = modulesOf(index.tensors)
  const written = inWrittenOrder(index)
  const named = byName(wanted, found)
  const chosen = named ?? (written ? inOrder(wanted, written) : byShape(wanted, found))
  if (found.length !== wanted.length)
    throw mismatch(
      wanted,
      found,
      `${wanted.length} modules with weights are expected and ${found.length} are there`,
    )
  return wanted.flatMap((layer, position) => {
    const module = chosen[position]
    if (!module || !fits(layer, module))
      throw mismatch(
        wanted,
        found,
        `${showWanted(layer)} is expected, and ${module ? showFound(module) : 'nothing'} is there`,
      )
    return layer.tensors.map((tensor) => {
      const source = sourceOf(tensor, module) ?? null
      if (source) decoderOf(source)
      return { wanted: tensor, source }
    })
  })
}
