/** Presets written out as the layers they stand for. */
import type { Architecture, Preset } from './architecture.ts'
import { mobilenetTiny, vgg8 } from './convolution-presets.ts'
import type { LayerSpec } from './layers.ts'
import type { Shape } from './network.ts'
import { resnet, wideResnet } from './residual-presets.ts'

/**
 * The layers of a preset for rows of `inputShape` and `classes` logits.
 * Options that a preset does not have are refused by `inferNetwork` before this is called.
 */
export function presetLayers(
  preset: Preset,
  options: Architecture,
  inputShape: Shape,
  classes: number,
): LayerSpec[] {
  const activation = options.activation ?? 'relu'
  const flatten: LayerSpec[] = inputShape.length > 1 ? [{ type: 'flatten' }] : []
  const logits: LayerSpec = { type: 'dense', name: 'logits', units: classes }
  const hidden = (units: readonly number[]): LayerSpec[] =>
    units.flatMap((count): LayerSpec[] => [
      { type: 'dense', units: count, activation },
      ...(options.dropout ? [{ type: 'dropout', rate: options.dropout } as const] : []),
    ])
  switch (preset) {
    case 'logistic':
      return [...flatten, logits]
    case 'mlp':
      return [...flatten, ...hidden(options.hiddenUnits ?? [128]), logits]
    case 'lenet': {
      const stage = (filters: number): LayerSpec[] => [
        { type: 'conv2d', filters, kernelSize: 5, padding: 'same', activation },
        { type: 'maxPooling2d', poolSize: 2 },
      ]
      const [first = 16, second = 32] = options.filters ?? []
      return [
        ...stage(first),
        ...stage(second),
        { type: 'flatten' },
        ...hidden(options.hiddenUnits ?? [84]),
        logits,
      ]
    }
    case 'resnet8':
      return resnet(8, classes)
    case 'resnet20':
      return resnet(20, classes)
    case 'resnet32':
      return resnet(32, classes)
    case 'resnet56':
      return resnet(56, classes)
    case 'wrn-16-1':
      return wideResnet(16, 1, classes)
    case 'wrn-16-2':
      return wideResnet(16, 2, classes)
    case 'wrn-40-2':
      return wideResnet(40, 2, classes)
    case 'vgg8':
      return vgg8(classes)
    case 'mobilenet-tiny':
      return mobilenetTiny(classes)
  }
}

/** The options a preset understands, besides its name. */
export const PRESET_OPTIONS: Record<Preset, readonly (keyof Architecture)[]> = {
  logistic: [],
  mlp: ['hiddenUnits', 'activation', 'dropout'],
  lenet: ['hiddenUnits', 'filters', 'activation', 'dropout'],
  resnet8: [],
  resnet20: [],
  resnet32: [],
  resnet56: [],
  'wrn-16-1': [],
  'wrn-16-2': [],
  'wrn-40-2': [],
  vgg8: [],
  'mobilenet-tiny': [],
}
