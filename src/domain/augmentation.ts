/** How rows are changed at random while a network trains on them; never when it is measured. */
import { type Static, Type } from 'typebox'
import type { Shape } from './network.ts'
import { strict } from './schema.ts'

const Shift = Type.Object(
  {
    pixels: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    fraction: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description: 'Of height and width each, rounded to whole pixels.',
      }),
    ),
    fill: Type.Optional(
      Type.Enum(['zero', 'edge'], {
        default: 'zero',
        description: 'What comes in: 0 in units of the raw data (black), or the pixel at the edge.',
      }),
    ),
  },
  {
    ...strict,
    description:
      'Moves each image by whole pixels up to this many, either way along both axes, each distance equally likely. Give `pixels` or `fraction`.',
  },
)

export const AugmentationSpec = Type.Object(
  {
    shift: Type.Optional(Shift),
    flip: Type.Optional(
      Type.Literal('horizontal', { description: 'Mirrors every other image, by chance.' }),
    ),
    noise: Type.Optional(
      Type.Object(
        {
          standardDeviation: Type.Number({
            exclusiveMinimum: 0,
            maximum: 100,
            description:
              'Of the Gaussian noise, in units of the normalized inputs of the network that trains: 0.1 is a tenth of the standard deviation of the training rows. Raw units where normalization is none.',
          }),
        },
        { ...strict },
      ),
    ),
    mixup: Type.Optional(
      Type.Object(
        { alpha: Type.Number({ exclusiveMinimum: 0, maximum: 100 }) },
        {
          ...strict,
          description:
            'Zhang et al. 2018: rows and labels are mixed with those of another row of the batch, by a share from Beta(alpha, alpha), one a batch.',
        },
      ),
    ),
  },
  {
    ...strict,
    description:
      'Random changes of the training rows, other in every step and repeatable by the seed. Shift and flip are for images. A teacher sees the same changed rows as its student.',
  },
)
export type AugmentationSpec = Static<typeof AugmentationSpec>

export interface ResolvedAugmentation {
  /** Largest distances, in pixels. */
  readonly shift: {
    readonly rows: number
    readonly columns: number
    readonly fill: 'zero' | 'edge'
  } | null
  readonly flip: 'horizontal' | null
  readonly noise: { readonly standardDeviation: number } | null
  readonly mixup: { readonly alpha: number } | null
}

function resolveShift(
  spec: NonNullable<AugmentationSpec['shift']>,
  [height = 0, width = 0]: Shape,
): ResolvedAugmentation['shift'] {
  const distance = (size: number): number => spec.pixels ?? Math.round((spec.fraction ?? 0) * size)
  return { rows: distance(height), columns: distance(width), fill: spec.fill ?? 'zero' }
}

/** Null where nothing is changed. */
export function resolveAugmentation(
  spec: AugmentationSpec | undefined,
  inputShape: Shape,
): ResolvedAugmentation | null {
  if (!spec || Object.keys(spec).length === 0) return null
  return {
    shift: spec.shift ? resolveShift(spec.shift, inputShape) : null,
    flip: spec.flip ?? null,
    noise: spec.noise ?? null,
    mixup: spec.mixup ?? null,
  }
}
