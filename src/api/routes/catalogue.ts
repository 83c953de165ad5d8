/** What a job can be made of: methods, layers, presets. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ACTIVATIONS } from '../../domain/activation.ts'
import { PRESETS } from '../../domain/architecture.ts'
import { LAYERS } from '../../domain/layers.ts'
import { METHODS } from '../../domain/objective.ts'
import { PRESET_OPTIONS } from '../../domain/presets.ts'
import { KERAS_CLASSES } from '../../models/keras-layer.ts'
import { problems } from '../schemas/common.ts'

export const catalogueRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/methods',
    {
      schema: {
        operationId: 'listMethods',
        tags: ['catalogue'],
        summary: 'Distillation methods',
        response: {
          200: Type.Object({
            data: Type.Array(
              Type.Object({
                method: Type.String(),
                summary: Type.String(),
                formula: Type.String(),
                needsTeacher: Type.Boolean(),
                needsLabels: Type.Boolean(),
                term: Type.Unknown({ description: 'JSON schema of a term with this method.' }),
                citation: Type.String(),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async () => ({
      data: Object.entries(METHODS).map(([method, description]) => ({ method, ...description })),
    }),
  )
  app.get(
    '/architectures',
    {
      schema: {
        operationId: 'listArchitectures',
        tags: ['catalogue'],
        summary: 'Layers and presets',
        response: {
          200: Type.Object({
            layers: Type.Array(Type.Object({ type: Type.String(), schema: Type.Unknown() })),
            activations: Type.Array(Type.String()),
            kerasClasses: Type.Array(Type.String(), {
              description:
                'Layers that a Keras model may have, as an architecture or as a teacher.',
            }),
            presets: Type.Array(
              Type.Object({
                preset: Type.String(),
                summary: Type.String(),
                options: Type.Array(Type.String()),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async () => ({
      layers: LAYERS.map((schema) => ({ type: schema.properties.type.const, schema })),
      activations: [...ACTIVATIONS],
      kerasClasses: [...KERAS_CLASSES],
      presets: Object.entries(PRESETS).map(([preset, summary]) => ({
        preset,
        summary,
        options: [...PRESET_OPTIONS[preset as keyof typeof PRESETS]],
      })),
    }),
  )
}
