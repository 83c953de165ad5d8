/** TensorFlow.js in plain JavaScript, as the oracle: what it saves is read, what it computes is compared. */
import { createRequire } from 'node:module'
import type * as Tensorflow from '@tensorflow/tfjs-node'
import { INPUT, type Layer, layerInputs, type Network } from '../../../src/domain/network.ts'

const require = createRequire(import.meta.url)
// The copy that tfjs-node depends on, without its native addon.
export const tf = createRequire(require.resolve('@tensorflow/tfjs-node/package.json'))(
  '@tensorflow/tfjs',
) as typeof Tensorflow
// No advertisement for the addon.
tf.env().set('IS_TEST', true)
await tf.setBackend('cpu')

export interface SavedModel {
  readonly modelJson: Record<string, unknown>
  readonly weights: Uint8Array
}

/** The files that model.save() would write, with all weights in `weights.bin`. */
export async function save(model: Tensorflow.LayersModel, includeOptimizer = false) {
  let saved: SavedModel | undefined
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = {
        modelJson: JSON.parse(
          JSON.stringify({
            format: 'layers-model',
            generatedBy: 'TensorFlow.js tfjs-layers v4.22.0',
            convertedBy: null,
            modelTopology: artifacts.modelTopology,
            weightsManifest: [{ paths: ['./weights.bin'], weights: artifacts.weightSpecs }],
          }),
        ),
        weights: new Uint8Array(artifacts.weightData as ArrayBuffer),
      }
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
    { includeOptimizer },
  )
  if (saved === undefined) throw new Error('tfjs saved nothing')
  return saved
}

/** Weights that are neither zero nor one and that differ from each other. */
export function scramble<Model extends Tensorflow.LayersModel>(model: Model): Model {
  for (const layer of model.layers) {
    const weights = layer.getWeights()
    layer.setWeights(
      weights.map((weight, at) => tf.randomUniform(weight.shape, 0.1, 0.9, 'float32', 7 + at)),
    )
  }
  return model
}

const activations = (layer: Layer & { activation: string }) => layer.activation as 'relu'

function tfLayer(layer: Layer): Tensorflow.layers.Layer {
  const pair = (value: readonly [number, number]): [number, number] => [value[0], value[1]]
  switch (layer.type) {
    case 'dense':
      return tf.layers.dense({ ...layer, activation: activations(layer) })
    case 'conv2d':
      return tf.layers.conv2d({
        filters: layer.filters,
        kernelSize: pair(layer.kernelSize),
        strides: pair(layer.strides),
        padding: layer.padding,
        useBias: layer.useBias,
        activation: activations(layer),
      })
    case 'depthwiseConv2d':
    case 'separableConv2d': {
      const window = {
        kernelSize: pair(layer.kernelSize),
        strides: pair(layer.strides),
        padding: layer.padding,
        useBias: layer.useBias,
        depthMultiplier: layer.depthMultiplier,
        activation: activations(layer),
      }
      return layer.type === 'depthwiseConv2d'
        ? tf.layers.depthwiseConv2d(window)
        : tf.layers.separableConv2d({ ...window, filters: layer.filters })
    }
    case 'zeroPadding2d':
      return tf.layers.zeroPadding2d({ padding: [pair(layer.padding[0]), pair(layer.padding[1])] })
    case 'upSampling2d':
      return tf.layers.upSampling2d({ size: pair(layer.size) })
    case 'globalMaxPooling2d':
      return tf.layers.globalMaxPooling2d({})
    case 'add':
      return tf.layers.add()
    case 'concatenate':
      return tf.layers.concatenate({ axis: -1 })
    case 'layerNormalization':
      return tf.layers.layerNormalization({ epsilon: layer.epsilon })
    case 'maxPooling2d':
    case 'averagePooling2d':
      return tf.layers[layer.type]({
        poolSize: pair(layer.poolSize),
        strides: pair(layer.strides),
        padding: layer.padding,
      })
    case 'globalAveragePooling2d':
      return tf.layers.globalAveragePooling2d({})
    case 'conv1d':
      return tf.layers.conv1d({ ...layer, activation: activations(layer) })
    case 'maxPooling1d':
    case 'averagePooling1d':
      return tf.layers[layer.type]({ ...layer })
    case 'globalAveragePooling1d':
    case 'globalMaxPooling1d':
      return tf.layers[layer.type]({})
    case 'embedding':
      return tf.layers.embedding({ ...layer })
    case 'reshape':
      return tf.layers.reshape({ targetShape: [...layer.targetShape] })
    case 'rescaling':
      return tf.layers.rescaling({ scale: layer.scale, offset: layer.offset })
    case 'depthwiseConv1d':
    case 'separableConv1d':
    case 'zeroPadding1d':
    case 'upSampling1d':
      throw new Error(`TensorFlow.js has no ${layer.type}`)
    case 'flatten':
      return tf.layers.flatten()
    case 'batchNormalization':
      return tf.layers.batchNormalization({ momentum: layer.momentum, epsilon: layer.epsilon })
    case 'dropout':
      return tf.layers.dropout({ rate: layer.rate })
    case 'activation':
      return layer.activation === 'leakyRelu'
        ? tf.layers.leakyReLU({ alpha: layer.negativeSlope })
        : tf.layers.activation({ activation: activations(layer) })
  }
}

export type Tensors = ReadonlyMap<string, { shape: readonly number[]; values: Float32Array }>

/** Builds a network and its tensors as a tfjs model again. */
export function rebuild(network: Network, tensors: Tensors): Tensorflow.LayersModel {
  const input = tf.input({ shape: [...network.inputShape] })
  const outputs = new Map([[INPUT, input]])
  let output = input
  const loads: (() => void)[] = []
  for (const [at, placed] of network.layers.entries()) {
    const layer = tfLayer(placed.layer)
    const read = layerInputs(network, at).map((name) => outputs.get(name) ?? input)
    output = layer.apply(read.length === 1 ? (read[0] ?? input) : read) as typeof input
    outputs.set(placed.name, output)
    const weights = placed.weights.map((weight) => {
      const tensor = tensors.get(`${placed.name}.${weight.name}`)
      if (tensor === undefined) throw new Error(`no ${placed.name}.${weight.name}`)
      return tf.tensor(tensor.values, [...tensor.shape])
    })
    loads.push(() => layer.setWeights(weights))
  }
  const model = tf.model({ inputs: input, outputs: output })
  for (const load of loads) load()
  return model
}
