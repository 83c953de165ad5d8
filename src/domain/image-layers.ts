/** Layers without weights that change the height or width of an image `[height, width, channels]`. */
import { Type } from 'typebox'
import { layerFields, Padding, Pair } from './layer-fields.ts'
import { strict } from './schema.ts'

/** Up to this factor TensorFlow.js' own nearest-neighbour arithmetic, in float32, never misses by a pixel. */
export const MAX_UPSAMPLING = 32

const poolFields = {
  ...layerFields,
  poolSize: Type.Optional(Pair('Window `[height, width]`, in pixels; default 2.')),
  strides: Type.Optional(Pair('Default: the pool size.')),
  padding: Type.Optional(Padding),
}

export const MaxPooling2d = Type.Object(
  { type: Type.Literal('maxPooling2d'), ...poolFields },
  { ...strict, title: 'maxPooling2d' },
)
export const AveragePooling2d = Type.Object(
  { type: Type.Literal('averagePooling2d'), ...poolFields },
  { ...strict, title: 'averagePooling2d', description: 'Padded pixels are not counted.' },
)
export const GlobalAveragePooling2d = Type.Object(
  { type: Type.Literal('globalAveragePooling2d'), ...layerFields },
  { ...strict, title: 'globalAveragePooling2d' },
)
export const GlobalMaxPooling2d = Type.Object(
  { type: Type.Literal('globalMaxPooling2d'), ...layerFields },
  { ...strict, title: 'globalMaxPooling2d' },
)

const Pixels = Type.Integer({ minimum: 0, maximum: 1024 })
const Edges = Type.Array(Pixels, { minItems: 2, maxItems: 2 })
export const ZeroPadding2d = Type.Object(
  {
    type: Type.Literal('zeroPadding2d'),
    ...layerFields,
    padding: Type.Optional(
      Type.Union([Pixels, Edges, Type.Array(Edges, { minItems: 2, maxItems: 2 })], {
        description:
          'Pixels of 0 on every side; or `[top and bottom, left and right]`; or `[[top, bottom], [left, right]]`. Default 1.',
      }),
    ),
  },
  { ...strict, title: 'zeroPadding2d' },
)
export const UpSampling2d = Type.Object(
  {
    type: Type.Literal('upSampling2d'),
    ...layerFields,
    size: Type.Optional(
      Pair('How often rows and columns are repeated; default 2.', MAX_UPSAMPLING),
    ),
  },
  { ...strict, title: 'upSampling2d', description: 'Nearest neighbour: every pixel is repeated.' },
)
