/**
 * Residual networks for small images. The names of their layers say stage and block, `stage2_block1_conv1`; a block ends in
 * `stage2_block1_out` (ResNet) or `stage2_block1_add` (wide ResNet).
 *
 * Padding is TensorFlow's `same`: where a 3x3 convolution has stride 2 it sees the pixels half a step beside those that
 * PyTorch's `padding=1` sees, so weights of a PyTorch model do not fit.
 */
import type { LayerSpec } from './layers.ts'

/** Of the moving averages; 0.1 in PyTorch's words, which the literature's settings come from. */
const batchNormalization = (name: string): LayerSpec => ({
  type: 'batchNormalization',
  name,
  momentum: 0.9,
})
const relu = (name: string): LayerSpec => ({ type: 'activation', name, activation: 'relu' })
const convolution = (
  name: string,
  filters: number,
  kernelSize: 1 | 3,
  strides: number,
): Extract<LayerSpec, { type: 'conv2d' }> => ({
  type: 'conv2d',
  name,
  filters,
  kernelSize,
  strides,
  padding: 'same',
  useBias: false,
})

const ending = (classes: number): LayerSpec[] => [
  { type: 'globalAveragePooling2d', name: 'pool' },
  { type: 'dense', name: 'logits', units: classes },
]

interface Block {
  readonly name: string
  /** The layer that the block reads. */
  readonly from: string
  readonly filters: number
  readonly strides: number
  /** Whether the block changes the shape, so that its shortcut must. */
  readonly projects: boolean
}

/** Three stages of equal blocks; the second and third halve height and width in their first block. */
function blocks(
  filters: readonly number[],
  perStage: number,
  stem: { readonly name: string; readonly filters: number },
  ends: string,
): Block[] {
  let from = stem.name
  let before = stem.filters
  return filters.flatMap((count, stage) =>
    Array.from({ length: perStage }, (_, index) => {
      const strides = stage > 0 && index === 0 ? 2 : 1
      const name = `stage${stage + 1}_block${index + 1}`
      const block = { name, from, filters: count, strides, projects: before !== count }
      from = `${name}_${ends}`
      before = count
      return block
    }),
  )
}

function residualBlock({ name, from, filters, strides, projects }: Block): LayerSpec[] {
  const at = (part: string): string => `${name}_${part}`
  const shortcut: LayerSpec[] = projects
    ? [
        { ...convolution(at('shortcut_conv'), filters, 1, strides), inputs: [from] },
        batchNormalization(at('shortcut_bn')),
      ]
    : []
  return [
    convolution(at('conv1'), filters, 3, strides),
    batchNormalization(at('bn1')),
    relu(at('relu1')),
    convolution(at('conv2'), filters, 3, 1),
    batchNormalization(at('bn2')),
    ...shortcut,
    { type: 'add', name: at('add'), inputs: [at('bn2'), projects ? at('shortcut_bn') : from] },
    relu(at('out')),
  ]
}

/**
 * ResNet for CIFAR (He et al. 2015, section 4.2): `depth = 6n + 2` layers, three stages of n blocks with 16, 32 and 64 filters.
 * Where a stage begins the shortcut is a 1x1 convolution with batch normalization (the paper's option B, as in the
 * distillation literature; its own CIFAR nets pad with zeros, option A, and have 2,752 parameters less).
 */
export function resnet(depth: 8 | 20 | 32 | 56, classes: number): LayerSpec[] {
  const stem = { name: 'stem_relu', filters: 16 }
  return [
    convolution('stem_conv', stem.filters, 3, 1),
    batchNormalization('stem_bn'),
    relu(stem.name),
    ...blocks([16, 32, 64], (depth - 2) / 6, stem, 'out').flatMap(residualBlock),
    ...ending(classes),
  ]
}

/** A shortcut that projects reads what the first activation gives, as in the authors' program. */
function wideBlock({ name, from, filters, strides, projects }: Block): LayerSpec[] {
  const at = (part: string): string => `${name}_${part}`
  const shortcut: LayerSpec[] = projects
    ? [{ ...convolution(at('shortcut'), filters, 1, strides), inputs: [at('relu1')] }]
    : []
  return [
    batchNormalization(at('bn1')),
    relu(at('relu1')),
    convolution(at('conv1'), filters, 3, strides),
    batchNormalization(at('bn2')),
    relu(at('relu2')),
    convolution(at('conv2'), filters, 3, 1),
    ...shortcut,
    { type: 'add', name: at('add'), inputs: [at('conv2'), projects ? at('shortcut') : from] },
  ]
}

/**
 * Wide residual network WRN-depth-width (Zagoruyko & Komodakis 2016, table 1): `depth = 6n + 4` layers, three stages of n
 * pre-activation blocks with 16, 32 and 64 times `width` filters; no dropout.
 */
export function wideResnet(depth: 16 | 40, width: 1 | 2, classes: number): LayerSpec[] {
  const stem = { name: 'stem_conv', filters: 16 }
  const filters = [16 * width, 32 * width, 64 * width]
  return [
    convolution(stem.name, stem.filters, 3, 1),
    ...blocks(filters, (depth - 4) / 6, stem, 'add').flatMap(wideBlock),
    batchNormalization('final_bn'),
    relu('final_relu'),
    ...ending(classes),
  ]
}
