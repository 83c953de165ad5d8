/** What a client sends to store a teacher, and what comes of it. */
import type { Architecture } from '../domain/architecture.ts'
import { INPUT_LAYOUTS, type InputLayout } from '../domain/foreign-graph.ts'
import type { Model, Normalization } from '../domain/model.ts'
import type { Shape } from '../domain/network.ts'
import { ModelError } from '../models/model-error.ts'
import type { OutputKind } from '../models/outputs/check-outputs.ts'
import type { UploadFiles, UploadKind } from '../models/recognise-upload.ts'
import { WEIGHT_LAYOUTS, type WeightLayout } from '../models/safetensors/wanted-modules.ts'

/** Null where the client did not say. */
export interface UploadSettings {
  /** What the model expects to be done to raw rows before its first layer; one number, or one for each channel. */
  readonly inputMean: readonly number[] | null
  readonly inputStandardDeviation: readonly number[] | null
  readonly classNames: readonly string[] | null
  readonly inputShape: Shape | null
  readonly classes: number | null
  readonly layout: WeightLayout | InputLayout | null
  /** Of the tensor with the logits, of the graphs that have several. */
  readonly output: string | null
  readonly signature: string | null
  readonly represents: OutputKind | null
  /** Ids of datasets. */
  readonly dataset: string | null
  readonly testSet: string | null
}

export interface ModelUpload {
  readonly name: string
  /** Deleted by the caller. */
  readonly files: UploadFiles
  readonly settings: UploadSettings
  /** Checks JSON against the schema of architectures; throws what the client is to see. */
  readonly checkArchitecture: (json: unknown) => Architecture
}

/** A teacher whose files are stored and that is not yet a model. */
export interface ImportedTeacher extends Pick<Model, 'form' | 'files' | 'classes' | 'classNames'> {
  /** What was decided for the client, in words. */
  readonly notes: readonly string[]
}

const APPLICABLE: Readonly<Record<UploadKind, readonly (keyof UploadSettings)[]>> = {
  'layers-model': ['inputMean', 'inputStandardDeviation', 'classNames'],
  safetensors: [
    'inputMean',
    'inputStandardDeviation',
    'classNames',
    'inputShape',
    'classes',
    'layout',
  ],
  outputs: ['classNames', 'represents', 'dataset', 'testSet'],
  onnx: ['inputMean', 'inputStandardDeviation', 'classNames', 'layout', 'output'],
  'saved-model': [
    'inputMean',
    'inputStandardDeviation',
    'classNames',
    'layout',
    'output',
    'signature',
  ],
}

/** @throws ModelError for a setting that has no meaning for such an upload: it would be ignored in silence */
export function refuseForeignSettings(kind: UploadKind, settings: UploadSettings): void {
  for (const [name, value] of Object.entries(settings))
    if (value !== null && !(APPLICABLE[kind] as readonly string[]).includes(name))
      throw new ModelError(
        'setting-not-applicable',
        `\`${name}\` has no meaning for an upload of kind ${kind}, which knows ${APPLICABLE[kind].join(', ')}`,
      )
}

/** @throws ModelError when the setting is one of the layouts of other uploads */
function oneOf<Layout extends string>(
  known: readonly Layout[],
  layout: string | null,
): Layout | null {
  const found = known.find((one) => one === layout)
  if (layout !== null && !found)
    throw new ModelError(
      'layout-not-applicable',
      `\`layout\` is ${layout}; for this kind of upload it is ${known.join(' or ')}`,
    )
  return found ?? null
}

/** How weights are stored that come without a program. */
export const weightLayoutFrom = ({ layout }: UploadSettings): WeightLayout | null =>
  oneOf(WEIGHT_LAYOUTS, layout)

/** What a graph takes. */
export const inputLayoutFrom = ({ layout }: UploadSettings): InputLayout | null =>
  oneOf(INPUT_LAYOUTS, layout)

/** One number stands for all channels. */
function spread(
  values: readonly number[] | null,
  channels: number,
  otherwise: number,
  what: string,
) {
  const given = values ?? [otherwise]
  if (given.length !== 1 && given.length !== channels)
    throw new ModelError(
      'normalization-not-valid',
      `\`${what}\` has ${given.length} numbers: give one, or one for each of ${channels} channels`,
    )
  return Array.from({ length: channels }, (_, channel) => given[channel] ?? given[0] ?? otherwise)
}

/** @throws ModelError when the numbers are not one a channel, or cannot be */
export function normalizationFrom(
  { inputMean, inputStandardDeviation }: UploadSettings,
  channels: number,
): Normalization | null {
  if (!inputMean && !inputStandardDeviation) return null
  const standardDeviation = spread(inputStandardDeviation, channels, 1, 'inputStandardDeviation')
  const mean = spread(inputMean, channels, 0, 'inputMean')
  const isNumber = (value: number) => Number.isFinite(Math.fround(value))
  if (
    !mean.every(isNumber) ||
    !standardDeviation.every((sd) => isNumber(sd) && Math.fround(sd) > 0)
  )
    throw new ModelError(
      'normalization-not-valid',
      '`inputMean` must be finite and `inputStandardDeviation` must be above 0, in float32',
    )
  return { mean, standardDeviation }
}

/** @throws ModelError when there are names for another number of classes */
export function requireClassNames(classNames: readonly string[] | null, classes: number): void {
  if (classNames && classNames.length !== classes)
    throw new ModelError(
      'class-names-not-valid',
      `${classNames.length} class names for ${classes} classes`,
    )
}
