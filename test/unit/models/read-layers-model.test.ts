import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Network } from '../../../src/domain/network.ts'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'
import { safetensorsStream } from '../../../src/models/to-safetensors.ts'
import { collect, memorySource } from './memory-source.ts'
import { parseSafetensors } from './parse-safetensors.ts'
import { rebuild, save, scramble, type Tensors, tf } from './tfjs.ts'

const everyLayer = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.conv2d({
          inputShape: [9, 8, 2],
          filters: 3,
          kernelSize: [3, 2],
          strides: [1, 2],
          padding: 'same',
          activation: 'relu',
          name: 'conv',
        }),
        tf.layers.batchNormalization({ momentum: 0.9, epsilon: 0.01, name: 'norm' }),
        tf.layers.maxPooling2d({ poolSize: 2, strides: 1, name: 'max' }),
        tf.layers.conv2d({ filters: 4, kernelSize: 2, useBias: false, activation: 'elu' }),
        tf.layers.averagePooling2d({ poolSize: [2, 1], padding: 'same' }),
        tf.layers.reLU(),
        tf.layers.elu(),
        tf.layers.batchNormalization({ scale: false, center: false, name: 'bare' }),
        tf.layers.flatten(),
        tf.layers.dropout({ rate: 0.3 }),
        tf.layers.dense({ units: 6, activation: 'tanh', kernelRegularizer: 'l1l2' }),
        tf.layers.activation({ activation: 'sigmoid' }),
        tf.layers.dense({ units: 5, activation: 'softmax', name: 'out' }),
      ],
    }),
  )

/** Every activation by name and as a layer of its own. */
const everyActivation = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [6], units: 5, activation: 'relu6' }),
        tf.layers.reLU({ maxValue: 6 }),
        tf.layers.leakyReLU(),
        tf.layers.leakyReLU({ alpha: 0.07 }),
        tf.layers.dense({ units: 5, activation: 'gelu' as 'relu' }),
        tf.layers.activation({ activation: 'swish' as 'relu' }),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
  )

/** Separable convolutions, padding, upsampling, layer normalization. */
const lessCommonLayers = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.zeroPadding2d({ inputShape: [6, 5, 2], padding: [1, 2] }),
        tf.layers.depthwiseConv2d({
          kernelSize: [3, 2],
          strides: 2,
          padding: 'same',
          depthMultiplier: 2,
        }),
        tf.layers.zeroPadding2d({
          padding: [
            [0, 1],
            [2, 0],
          ],
        }),
        tf.layers.layerNormalization({ epsilon: 0.01 }),
        tf.layers.layerNormalization({ scale: false, center: false }),
        tf.layers.upSampling2d({ size: [2, 1] }),
        // TensorFlow.js forgets the multiplier when it saves this layer: the kernel has it.
        tf.layers.separableConv2d({
          filters: 3,
          kernelSize: 2,
          depthMultiplier: 3,
          activation: 'relu',
        }),
        tf.layers.separableConv2d({ filters: 4, kernelSize: 1 }),
        tf.layers.globalMaxPooling2d({}),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
  )

/** A sequence as TensorFlow.js takes it, which rows of 24 numbers are reshaped to. */
const sequences = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.conv1d({ inputShape: [12, 2], filters: 4, kernelSize: 3, strides: 2 }),
        tf.layers.maxPooling1d({ poolSize: 3, strides: 1, padding: 'same' }),
        tf.layers.averagePooling1d({ poolSize: 2, strides: 1 }),
        tf.layers.reshape({ targetShape: [null as unknown as number, 8] }),
        tf.layers.conv1d({ filters: 5, kernelSize: 2, padding: 'same', activation: 'tanh' }),
        tf.layers.globalMaxPooling1d({}),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
  )

const tokens = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 9 }),
        tf.layers.globalAveragePooling1d({}),
        tf.layers.rescaling({ scale: 0.5, offset: -1 }),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
  )

function globalPooling() {
  const input = tf.input({ shape: [6, 6, 1], name: 'image' })
  let x = tf.layers.conv2d({ filters: 4, kernelSize: 3, name: 'my-conv/1' }).apply(input)
  x = tf.layers.globalAveragePooling2d({}).apply(x)
  x = tf.layers.dense({ units: 3, name: 'logits' }).apply(x)
  x = tf.layers.softmax().apply(x) as ReturnType<typeof tf.input>
  return scramble(tf.model({ inputs: input, outputs: x as ReturnType<typeof tf.input> }))
}

function branches() {
  const image = tf.input({ shape: [6, 6, 2] })
  const conv = (filters: number, from: typeof image) =>
    tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same' }).apply(from) as typeof image
  const left = conv(3, image)
  const right = tf.layers.reLU().apply(conv(3, left)) as typeof image
  const sum = tf.layers.add().apply([right, left, conv(3, image)]) as typeof image
  const both = tf.layers.concatenate().apply([image, sum, left])
  const pooled = tf.layers.globalMaxPooling2d({}).apply(both)
  const logits = tf.layers.dense({ units: 3, activation: 'softmax' }).apply(pooled)
  return scramble(tf.model({ inputs: image, outputs: logits as typeof image }))
}

const grey = () =>
  scramble(
    tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [5, 4] }),
        tf.layers.dense({ units: 3, useBias: false }),
        tf.layers.activation({ activation: 'softmax' }),
      ],
    }),
  )

async function readSaved(saved: Awaited<ReturnType<typeof save>>) {
  const model = readLayersModel(saved.modelJson)
  const source = memorySource(saved.modelJson, { 'weights.bin': saved.weights }, 1021)
  const file = await collect(safetensorsStream(model.network, null, model.tensors, source))
  return { ...model, ...parseSafetensors(file) }
}

test.each([
  ['sequential with every layer', everyLayer, [9, 8, 2]],
  ['layers that are less common', lessCommonLayers, [6, 5, 2]],
  ['every activation', everyActivation, [6]],
  ['functional with global pooling and a softmax layer', globalPooling, [6, 6, 1]],
  ['functional with branches', branches, [6, 6, 2]],
  ['grey images without a channel axis', grey, [5, 4, 1]],
  ['sequences', sequences, [24]],
] as const)('%s gives the same answers as tfjs after the softmax', async (_, make, inputShape) => {
  const original = make()
  const { network, tensors } = await readSaved(await save(original))
  expect(network.inputShape).toEqual(inputShape)
  const rows = tf.randomNormal([4, ...inputShape], 0, 1, 'float32', 3)
  const fed = original.inputs[0]?.shape.slice(1) ?? []
  const theirs = original.predict(rows.reshape([4, ...(fed as number[])])) as typeof rows
  const ours = tf.softmax(rebuild(network, tensors).predict(rows) as typeof rows)
  const difference = tf.max(tf.abs(tf.sub(theirs, ours))).dataSync()[0] ?? Number.NaN
  expect(difference).toBeLessThan(1e-6)
})

test('a model of tokens gives the same answers as tfjs', async () => {
  const original = tokens()
  const { network, tensors } = await readSaved(await save(original))
  expect(network.inputShape).toEqual([9])
  const ids = tf.tensor2d([0, 1, 2, 3, 4, 5, 6, 0, 0, 6, 6, 1, 1, 2, 5, 3, 3, 4], [2, 9])
  const theirs = original.predict(ids) as typeof ids
  const ours = tf.softmax(rebuild(network, tensors).predict(ids) as typeof ids)
  expect(tf.max(tf.abs(tf.sub(theirs, ours))).dataSync()[0]).toBeLessThan(1e-6)
})

test('every number of a saved model arrives unchanged, bit for bit', async () => {
  const original = everyLayer()
  const { tensors } = await readSaved(await save(original))
  const names = { moving_mean: 'movingMean', moving_variance: 'movingVariance' } as Record<
    string,
    string
  >
  let compared = 0
  for (const layer of original.layers)
    for (const [at, weight] of layer.weights.entries()) {
      const kind = weight.originalName.split('/').at(-1) ?? ''
      const ours = tensors.get(`${layer.name}.${names[kind] ?? kind}`)
      expect(ours?.shape).toEqual(weight.shape)
      expect(ours?.values).toEqual(layer.getWeights()[at]?.dataSync())
      compared++
    }
  expect(compared).toBe(13)
  expect(tensors.size).toBe(compared + 2)
})

test('scale and center of a batch normalization that has none become 1 and 0', async () => {
  const { tensors } = await readSaved(await save(everyLayer()))
  expect([...(tensors.get('bare.gamma')?.values ?? [])]).toEqual([1, 1, 1, 1])
  expect([...(tensors.get('bare.beta')?.values ?? [])]).toEqual([0, 0, 0, 0])
})

test.each([
  ['Activation', { activation: 'silu' }, { activation: 'swish' }],
  ['Activation', { activation: 'leaky_relu' }, { activation: 'leakyRelu', negativeSlope: 0.2 }],
  ['LeakyReLU', {}, { activation: 'leakyRelu', negativeSlope: 0.3 }],
  ['LeakyReLU', { negative_slope: 0.1 }, { activation: 'leakyRelu', negativeSlope: 0.1 }],
  ['ReLU', { negative_slope: 0.1 }, { activation: 'leakyRelu', negativeSlope: 0.1 }],
  ['ReLU', { max_value: 6, negative_slope: 0 }, { activation: 'relu6' }],
])('%s %o as Keras 3 writes it is %o', (className, config, expected) => {
  const { network } = readLayersModel({
    modelTopology: {
      class_name: 'Sequential',
      config: {
        layers: [
          { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 4] } },
          { class_name: className, config: { name: 'it', ...config } },
        ],
      },
    },
    weightsManifest: [],
  })
  expect(network.layers[0]?.layer).toEqual({ type: 'activation', ...expected })
})

test('what was changed is said in the notes', async () => {
  const { notes, network } = readLayersModel((await save(globalPooling())).modelJson)
  expect(network.layers.map((layer) => layer.name)[0]).toBe('my_conv_1')
  expect(notes.join('\n')).toMatch(/"my-conv\/1".* is called my_conv_1 here/)
  expect(notes.join('\n')).toMatch(/the softmax of layer "softmax_\w+" .* was removed/)
  expect(readLayersModel((await save(grey())).modelJson).notes.join('\n')).toMatch(/\[5, 4, 1\]/)
})

test('the state of the optimizer is left out', async () => {
  const model = scramble(
    tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 2 })] }),
  )
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'meanSquaredError' })
  await model.fit(tf.ones([2, 4]), tf.ones([2, 2]), { epochs: 1, verbose: 0 })
  const saved = await save(model, true)
  const { tensors, notes } = await readSaved(saved)
  expect([...tensors.keys()].length).toBe(2)
  expect(tensors.get([...tensors.keys()][0] ?? '')?.values).toEqual(
    model.layers[0]?.getWeights()[0]?.dataSync(),
  )
  expect(notes.join()).toMatch(/training state/)
})

test.each(['sequential-h5', 'sequential-keras', 'functional-h5', 'functional-keras'])(
  'Keras 3, %s: all weights are those that Keras has',
  async (name) => {
    const folder = new URL(`keras-3/${name}/`, import.meta.url)
    const modelJson: unknown = JSON.parse(readFileSync(new URL('model.json', folder), 'utf8'))
    const weights = readFileSync(new URL('group1-shard1of1.bin', folder))
    const { network, tensors: entries, notes } = readLayersModel(modelJson)
    const source = memorySource(modelJson, { 'group1-shard1of1.bin': weights }, 13)
    const { tensors }: { tensors: Tensors } = parseSafetensors(
      await collect(safetensorsStream(network, null, entries, source)),
    )
    const expected = JSON.parse(
      readFileSync(new URL(`keras-3/${name.split('-')[0]}.expected.json`, import.meta.url), 'utf8'),
    ) as Record<string, { shape: number[]; values: number[] }>
    for (const [weight, { shape, values }] of Object.entries(expected)) {
      expect(tensors.get(weight)?.shape, weight).toEqual(shape)
      expect(tensors.get(weight)?.values, weight).toEqual(Float32Array.from(values))
    }
    const made = name.startsWith('sequential') ? ['batch_normalization.beta'] : []
    expect([...tensors.keys()].sort()).toEqual([...Object.keys(expected), ...made].sort())
    expect(notes.join()).toMatch(/softmax/)
    expect(types(network)).toEqual(
      name.startsWith('sequential')
        ? ['conv2d', 'batchNormalization', 'maxPooling2d', 'flatten', 'dropout', 'dense', 'dense']
        : ['dense', 'activation', 'dense'],
    )
  },
)

const types = (network: Network) => network.layers.map((placed) => placed.layer.type)
