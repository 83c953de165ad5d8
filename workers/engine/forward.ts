/** Applies a network to a batch: a pure function of weights and inputs. */
import {
  INPUT,
  layerInputs,
  type Network,
  type WeightShape,
  weightName,
} from '../../src/domain/network.ts'
import { activate } from './layers/activations.ts'
import { conv2d, dense, depthwiseConv2d, separableConv2d } from './layers/affine.ts'
import { normalizeByAverages, normalizeInTraining } from './layers/batch-normalization.ts'
import { dropout } from './layers/dropout.ts'
import { layerNormalization } from './layers/layer-normalization.ts'
import { add, concatenate } from './layers/merging.ts'
import { globalAveragePooling2d, globalMaxPooling2d, pool2d } from './layers/pooling.ts'
import { upSampling2d, zeroPadding2d } from './layers/resizing.ts'
import { tf } from './tensorflow.ts'
import type { Weights } from './weights.ts'

/** `dropoutSeed` is `[2]` int32 and must differ from step to step. */
export type Mode =
  | { readonly training: true; readonly dropoutSeed: tf.Tensor1D }
  | { readonly training: false }

export interface Forward {
  /** `[batch, classes]`, before any softmax. */
  readonly logits: tf.Tensor2D
  /** What each layer gives, by its name; `input` is what went in. */
  readonly outputs: ReadonlyMap<string, tf.Tensor>
  /** New moving averages by name; empty outside training. */
  readonly updates: Weights
}

/**
 * Computes the logits of a batch.
 * @param inputs `[batch, ...network.inputShape]` float32, already normalized
 */
export function apply(network: Network, weights: Weights, inputs: tf.Tensor, mode: Mode): Forward {
  const updates: Record<string, tf.Tensor> = {}
  const outputs = new Map([[INPUT, inputs]])
  let value = inputs
  for (const [position, { name, layer }] of network.layers.entries()) {
    const read = layerInputs(network, position).map((from) => {
      const tensor = outputs.get(from)
      if (!tensor) throw new Error(`layer ${name} reads ${from}, which does not come before it`)
      return tensor
    })
    value = read[0] ?? inputs
    const own = (weight: WeightShape['name']): tf.Tensor => {
      const tensor = weights[weightName(name, weight)]
      if (!tensor) throw new Error(`no weight called ${weightName(name, weight)}`)
      return tensor
    }
    switch (layer.type) {
      case 'dense':
        value = dense(layer, own, value)
        break
      case 'conv2d':
        value = conv2d(layer, own, value)
        break
      case 'depthwiseConv2d':
        value = depthwiseConv2d(layer, own, value)
        break
      case 'separableConv2d':
        value = separableConv2d(layer, own, value)
        break
      case 'maxPooling2d':
      case 'averagePooling2d':
        value = pool2d(layer, value)
        break
      case 'globalAveragePooling2d':
        value = globalAveragePooling2d(value)
        break
      case 'globalMaxPooling2d':
        value = globalMaxPooling2d(value)
        break
      case 'zeroPadding2d':
        value = zeroPadding2d(layer, value)
        break
      case 'upSampling2d':
        value = upSampling2d(layer, value)
        break
      case 'flatten':
        value = tf.reshape(value, [value.shape[0] ?? 0, -1])
        break
      case 'batchNormalization':
        if (mode.training) {
          const normalized = normalizeInTraining(layer, own, value)
          updates[weightName(name, 'movingMean')] = normalized.movingMean
          updates[weightName(name, 'movingVariance')] = normalized.movingVariance
          value = normalized.output
        } else value = normalizeByAverages(layer, own, value)
        break
      case 'layerNormalization':
        value = layerNormalization(layer, own, value)
        break
      case 'dropout':
        if (mode.training) value = dropout(value, layer.rate, mode.dropoutSeed, position)
        break
      case 'add':
        value = add(read)
        break
      case 'concatenate':
        value = concatenate(read)
        break
      case 'activation':
        value =
          layer.activation === 'leakyRelu'
            ? activate(layer.activation, value, layer.negativeSlope)
            : activate(layer.activation, value)
        break
      default:
        layer satisfies never
    }
    outputs.set(name, value)
  }
  return { logits: value as tf.Tensor2D, outputs, updates }
}
