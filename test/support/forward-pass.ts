/**
 * What a delivered model answers, computed from its safetensors file in plain JavaScript: no TensorFlow, and nothing of
 * the code that trained or wrote it. Dense layers and batch normalization only.
 */
import { parseSafetensors } from '../unit/models/parse-safetensors.ts'

export interface DenseModel {
  readonly normalization: unknown
  readonly network: {
    readonly inputShape: readonly number[]
    readonly layers: readonly {
      readonly name: string
      readonly layer: {
        readonly type: string
        readonly activation?: string
        readonly epsilon?: number
      }
    }[]
  }
}

const at = (values: ArrayLike<number> | undefined, index: number): number =>
  values?.[index] ?? Number.NaN

/** @returns a function from a raw row to its logits */
export function forwardPass(model: DenseModel, safetensors: Buffer): (row: number[]) => number[] {
  const { tensors } = parseSafetensors(safetensors)
  const tensor = (name: string) => {
    const found = tensors.get(name)
    if (!found) throw new Error(`the file has no ${name}, only ${[...tensors.keys()].join(', ')}`)
    return found
  }
  /** Over the last axis: by channel of an image, by feature of a vector. */
  const perChannel = (values: number[], change: (value: number, channel: number) => number) => {
    const channels = model.network.inputShape.at(-1) ?? 1
    return values.map((value, at) => change(value, at % channels))
  }
  return (row) => {
    let values = row
    if (model.normalization !== null) {
      const mean = tensor('normalization.mean').values
      const deviation = tensor('normalization.standardDeviation').values
      values = perChannel(
        values,
        (value, channel) => (value - at(mean, channel)) / at(deviation, channel),
      )
    }
    for (const { name, layer } of model.network.layers) {
      if (layer.type === 'flatten') continue
      if (layer.type === 'batchNormalization') {
        const [gamma, beta, mean, variance] = ['gamma', 'beta', 'movingMean', 'movingVariance'].map(
          (weight) => tensor(`${name}.${weight}`).values,
        )
        values = perChannel(
          values,
          (value, channel) =>
            (at(gamma, channel) * (value - at(mean, channel))) /
              Math.sqrt(at(variance, channel) + (layer.epsilon ?? Number.NaN)) +
            at(beta, channel),
        )
        continue
      }
      if (layer.type !== 'dense') throw new Error(`cannot compute ${layer.type}`)
      const kernel = tensor(`${name}.kernel`)
      const bias = tensor(`${name}.bias`).values
      const [inputs = 0, units = 0] = kernel.shape
      if (inputs !== values.length) throw new Error(`${name} takes ${inputs}, not ${values.length}`)
      const before = values
      values = Array.from({ length: units }, (_, unit) => {
        let sum = bias[unit] ?? 0
        for (let input = 0; input < inputs; input++)
          sum += (before[input] ?? 0) * (kernel.values[input * units + unit] ?? 0)
        return layer.activation === 'relu' ? Math.max(0, sum) : sum
      })
    }
    return values
  }
}

export const argMax = (values: readonly number[]): number => values.indexOf(Math.max(...values))

export const logSumExp = (values: readonly number[]): number => {
  const largest = Math.max(...values)
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0))
}
