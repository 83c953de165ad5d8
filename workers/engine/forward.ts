/** Applies a network to a batch: a pure function of weights and inputs. */
import {
  INPUT,
  layerInputs,
  type Network,
  type WeightShape,
  weightName,
} from '../../src/domain/network.ts'
import { beforeActivation, ownActivation } from '../../src/domain/tap-points.ts'
import { activate } from './layers/activations.ts'
import { dense } from './layers/affine.ts'
import { normalizeByAverages, normalizeInTraining } from './layers/batch-normalization.ts'
import { dropout } from './layers/dropout.ts'
import { embedding } from './layers/embedding.ts'
import { onImage } from './layers/images.ts'
import { layerNormalization } from './layers/layer-normalization.ts'
import { add, concatenate } from './layers/merging.ts'
import { onSequence } from './layers/sequences.ts'
import { tf } from './tensorflow.ts'
import type { Weights } from './weights.ts'

/** `dropoutSeed` is `[2]` int32 and must differ from step to step. */
export type Mode =
  | { readonly training: true; readonly dropoutSeed: tf.Tensor1D }
  | { readonly training: false }

export interface Forward {
  /** `[batch, classes]`, before any softmax. */
  readonly logits: tf.Tensor2D
  /** What each layer gives, by its name, also before its own activation; `input` is what went in. */
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
  for (const [position, placed] of network.layers.entries()) {
    const { name } = placed
    const activation = ownActivation(placed)
    // Applied below, so that what comes before it can be read.
    const layer =
      activation === 'linear'
        ? placed.layer
        : ({ ...placed.layer, activation: 'linear' } as typeof placed.layer)
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
      case 'depthwiseConv2d':
      case 'separableConv2d':
      case 'maxPooling2d':
      case 'averagePooling2d':
      case 'globalAveragePooling2d':
      case 'globalMaxPooling2d':
      case 'zeroPadding2d':
      case 'upSampling2d':
        value = onImage(layer, own, value)
        break
      case 'conv1d':
      case 'depthwiseConv1d':
      case 'separableConv1d':
      case 'maxPooling1d':
      case 'averagePooling1d':
      case 'globalAveragePooling1d':
      case 'globalMaxPooling1d':
      case 'zeroPadding1d':
      case 'upSampling1d':
        value = onSequence(layer, own, value)
        break
      case 'embedding':
        value = embedding(own, value)
        break
      case 'reshape':
        value = tf.reshape(value, [value.shape[0] ?? 0, ...layer.targetShape])
        break
      case 'rescaling':
        value = tf.add(tf.mul(value, layer.scale), layer.offset)
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
    if (activation !== 'linear') {
      outputs.set(beforeActivation(name), value)
      value = activate(activation, value)
    }
    outputs.set(name, value)
  }
  return { logits: value as tf.Tensor2D, outputs, updates }
}
