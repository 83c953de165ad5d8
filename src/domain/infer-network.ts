/** From a client's architecture to a network with names, defaults and shapes; or to the list of what is wrong with it. */
import { type Architecture, PRESETS, type Preset } from './architecture.ts'
import type { LayerSpec } from './layers.ts'
import { type Network, outputShape, parameterCount, type Shape } from './network.ts'
import { placeNetwork } from './place-network.ts'
import { PRESET_OPTIONS, presetLayers } from './presets.ts'
import type { SpecIssue } from './spec-issue.ts'

/** More weights than this (1 GB in float32) are refused at submit rather than at run time. */
export const MAX_PARAMETERS = 250_000_000

export type Inference =
  | { readonly network: Network; readonly notes: readonly string[] }
  | { readonly issues: readonly SpecIssue[] }

const isPreset = (name: string): name is Preset => Object.hasOwn(PRESETS, name)

function choiceIssues(architecture: Architecture, pointer: string): SpecIssue[] {
  const { layers, preset, ...options } = architecture
  if ((layers === undefined) === (preset === undefined))
    return [
      {
        pointer,
        code: 'architecture-ambiguous',
        message: 'give one of `layers`, `preset` and `keras`',
        allowed: ['layers', 'preset', 'keras'],
      },
    ]
  const known = preset !== undefined && isPreset(preset) ? PRESET_OPTIONS[preset] : []
  return Object.keys(options)
    .filter((option) => !(known as readonly string[]).includes(option))
    .map((option) => ({
      pointer: `${pointer}/${option}`,
      code: 'option-not-applicable',
      message: layers
        ? `\`${option}\` belongs to presets; with \`layers\` write it into the layer`
        : `preset ${preset} has no option \`${option}\``,
      allowed: known as readonly string[],
    }))
}

/**
 * What a network that fits together may still be wrong for.
 * @param last pointer of the layer that gives the output
 */
export function networkIssues(
  network: Network,
  classes: number,
  last: string,
  pointer: string,
): SpecIssue[] {
  const output = outputShape(network)
  if (output.length !== 1 || output[0] !== classes)
    return [
      {
        pointer: last,
        code: 'output-is-not-classes',
        message: `the last layer gives [${output.join(', ')}] but there are ${classes} classes: it must give [${classes}]`,
      },
    ]
  if (parameterCount(network) > MAX_PARAMETERS)
    return [
      {
        pointer,
        code: 'too-many-parameters',
        message: `${parameterCount(network)} parameters, at most ${MAX_PARAMETERS} are allowed`,
      },
    ]
  return []
}

/**
 * @param inputShape of one row, `[features]` or `[height, width, channels]`
 * @param classes    logits that the last layer must give
 * @param pointer    JSON pointer of the architecture in the request, for the issues
 */
export function inferNetwork(
  architecture: Architecture,
  inputShape: Shape,
  classes: number,
  pointer: string,
): Inference {
  const misuse = choiceIssues(architecture, pointer)
  if (misuse.length > 0) return { issues: misuse }
  const { layers: given, preset } = architecture
  const notes: string[] = []
  const specs: LayerSpec[] =
    preset !== undefined && isPreset(preset)
      ? presetLayers(preset, architecture, inputShape, classes)
      : [...(given ?? [])]
  // A dense layer that stands first can only mean the pixels as one vector; later in a network it is ambiguous
  // (flatten or global pooling?) and therefore an error.
  let inserted = 0
  if (given && specs[0]?.type === 'dense' && inputShape.length > 1) {
    const { inputs: _, ...first } = specs[0]
    specs.splice(0, 1, { type: 'flatten' }, first)
    inserted = 1
    notes.push(`${pointer}/layers: a flatten layer was put before the first dense layer`)
  }
  const at = (index: number): string =>
    given ? `${pointer}/layers/${index - inserted}` : `${pointer}/preset`

  const placement = placeNetwork(inputShape, specs)
  if ('fault' in placement) {
    const { position, field, ...fault } = placement.fault
    const where = field && given ? `${at(position)}/${field}` : at(position)
    return { issues: [{ pointer: where, ...fault }] }
  }
  const { network } = placement
  const issues = networkIssues(network, classes, at(specs.length - 1), pointer)
  return issues.length > 0 ? { issues } : { network, notes }
}
