/** What the forms of a model have in common, each asked in one place. */
import type { ModelFile, ModelForm, Normalization } from './model.ts'
import { type Network, parameterCount, type Shape, weightBytes } from './network.ts'
import type { Tap } from './tap.ts'

/** Of one row; null where a model takes no rows. */
export function inputShapeOf(form: ModelForm): Shape | null {
  switch (form.kind) {
    case 'network':
      return form.network.inputShape
    case 'onnx':
    case 'saved-model':
      return form.graph.inputShape
    case 'outputs':
      return null
  }
}

/** In the order in which they are computed. The logits are no tap: every form gives them. */
export function tapsOf(form: ModelForm): readonly Tap[] {
  switch (form.kind) {
    case 'network':
      return form.network.layers.map(({ name, outputShape }) => ({ name, shape: outputShape }))
    case 'onnx':
    case 'saved-model':
      return form.graph.taps
    case 'outputs':
      return []
  }
}

/** What is applied to raw rows before they enter; null where nothing is. */
export function normalizationOf(form: ModelForm): Normalization | null {
  switch (form.kind) {
    case 'network':
    case 'onnx':
    case 'saved-model':
      return form.normalization
    case 'outputs':
      return null
  }
}

export interface FormSize {
  /** Trainable weights; null where the form does not tell. */
  readonly parameters: number | null
  /** All weights as float32; null where the form does not tell. */
  readonly weightBytes: number | null
}

export const networkSize = (network: Network): FormSize => ({
  parameters: parameterCount(network),
  weightBytes: weightBytes(network),
})

/** Of all parts together. */
export function sumOfSizes(sizes: readonly FormSize[]): FormSize {
  const sum = (name: keyof FormSize): number | null =>
    sizes.reduce<number | null>((total, size) => {
      const value = size[name]
      return total === null || value === null ? null : total + value
    }, 0)
  return { parameters: sum('parameters'), weightBytes: sum('weightBytes') }
}

export function sizeOf(form: ModelForm): FormSize {
  switch (form.kind) {
    case 'network':
      return networkSize(form.network)
    case 'onnx':
    case 'saved-model': {
      const { parameters } = form.graph
      return { parameters, weightBytes: 4 * parameters }
    }
    case 'outputs':
      return { parameters: null, weightBytes: null }
  }
}

/** The file that the answers of a model are computed from. */
export function ownFileOf(form: ModelForm): ModelFile {
  switch (form.kind) {
    case 'network':
      return 'safetensors'
    case 'outputs':
      return 'outputs'
    case 'onnx':
      return 'onnx'
    case 'saved-model':
      return 'savedmodel'
  }
}
