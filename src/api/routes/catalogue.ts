/** What a job can be made of: methods, layers, presets. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ACTIVATIONS } from '../../domain/activation.ts'
import { PRESETS } from '../../domain/architecture.ts'
import { LAYERS } from '../../domain/layers.ts'
import { METHODS, VARIANTS } from '../../domain/objective.ts'
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
                title: Type.String(),
                summary: Type.String(),
                variant: Type.Enum(['category', 'feature', 'key-point', 'prototypical'], {
                  description: 'The kind of distillation.',
                }),
                origin: Type.Enum(['published', 'own'], {
                  description:
                    'own: a construction of this project, of which no paper says that it works.',
                }),
                formula: Type.String(),
                convention: Type.String({
                  description: 'Which of several readings of the paper is meant.',
                }),
                citation: Type.String(),
                taps: Type.Enum(
                  ['none', 'logits', 'any', 'vector', 'map', 'two-maps', 'stages', 'class-maps'],
                  {
                    description:
                      'What is read of each network: logits, or the output of a layer: any, a vector [units], or a map [height, width, channels]; two of those maps, or one for each stage.',
                  },
                ),
                needsTeacher: Type.Boolean(),
                needsLabels: Type.Boolean(),
                needs: Type.Array(Type.String(), { description: 'What else there must be.' }),
                sameWidth: Type.Boolean({
                  description:
                    'Where widths differ, the student is projected by weights that are trained along.',
                }),
                minimumBatch: Type.Integer({ description: 'Rows.' }),
                minimumClasses: Type.Integer(),
                usualWeight: Type.Union([Type.Number(), Type.Null()], {
                  description:
                    'Of publications, beside a cross-entropy; null where there are none.',
                }),
                options: Type.Record(Type.String(), Type.Unknown(), {
                  description: 'JSON schema of each option, with its default and range.',
                }),
                term: Type.Unknown({ description: 'JSON schema of a term with this method.' }),
              }),
            ),
            variants: Type.Array(
              Type.Object({
                variant: Type.String(),
                terms: Type.Array(Type.Unknown(), { description: 'What the variant stands for.' }),
              }),
            ),
          }),
          ...problems(),
        },
      },
    },
    async () => ({
      data: Object.entries(METHODS).map(([method, description]) => ({
        method,
        ...description,
        needs: [...description.needs],
      })),
      variants: Object.entries(VARIANTS).map(([variant, terms]) => ({
        variant,
        terms: [...terms],
      })),
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
