/** docs/losses.md, out of the cards of the methods. */
import type { TSchema } from 'typebox'
import { METHOD_CARDS, type MethodId } from '../../../src/domain/methods/cards.ts'
import type { MethodCard, Need, Tap, Variant } from '../../../src/domain/methods/method-card.ts'
import { METHODS } from '../../../src/domain/objective.ts'

const TAPS: Readonly<Record<Tap, string>> = {
  none: 'nothing',
  logits: 'logits',
  any: 'the output of a layer',
  vector: 'the output of a layer, `[batch, units]`',
  map: 'the output of a layer, `[batch, height, width, channels]`',
  'two-maps': 'the outputs of two layers, `[batch, height, width, channels]`',
  stages: 'the outputs of one layer or more, `[batch, height, width, channels]`',
  'class-maps': 'class activation maps, `[batch, height, width, classes]`',
}

const NEEDS: Readonly<Record<Need, string>> = {
  labels: 'labels',
  prototypes: 'class means of the teacher',
  peers: 'other students that learn at the same time',
  memories: 'embeddings of all training rows',
  margins: 'a margin for each channel of the teacher',
  variances: 'a trained variance for each channel',
  encoders: 'encoders that are trained along',
}

const VARIANTS: Readonly<Record<Variant, string>> = {
  category: 'Logits: variant `category`',
  feature: 'Features: variant `feature`',
  'key-point': 'Places: variant `key-point`',
  prototypical: 'Prototypes: variant `prototypical`',
}

interface Schema {
  type?: string
  enum?: string[]
  default?: unknown
  description?: string
  anyOf?: Schema[]
  items?: Schema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  maxItems?: number
}

function range(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(range).join(', ')
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(', ')
  switch (schema.type) {
    case 'boolean':
      return 'true, false'
    case 'null':
      return 'null'
    case 'array':
      return `up to ${schema.maxItems}, each ${range(schema.items ?? {})}`
    default: {
      const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema
      const from = minimum === undefined ? `above ${exclusiveMinimum}` : `${minimum}`
      const to = maximum === undefined ? `below ${exclusiveMaximum}` : `${maximum}`
      return `${from} to ${to}${schema.type === 'integer' ? ', whole' : ''}`
    }
  }
}

const optionRow = ([name, option]: [string, TSchema]): string => {
  const schema = option as Schema
  const value = Array.isArray(schema.default) ? schema.default.join(', ') : schema.default
  return `| \`${name}\` | ${value} | ${range(schema)} | ${schema.description} |`
}

function needs(card: MethodCard): string {
  const parts = [
    `Reads ${TAPS[card.taps]}${card.needsTeacher ? ' of student and teacher' : ' of the student'}.`,
  ]
  if (card.needs.length > 0)
    parts.push(`Needs ${card.needs.map((need) => NEEDS[need]).join(', ')}.`)
  if (card.taps !== 'logits' && card.sameWidth)
    parts.push('Where widths differ, the student is projected.')
  if (card.minimumBatch > 1) parts.push(`Batches of ${card.minimumBatch} rows or more.`)
  if (card.minimumClasses > 2) parts.push(`${card.minimumClasses} classes or more.`)
  if (card.usualWeight !== null) parts.push(`Usual weight: ${card.usualWeight}.`)
  return parts.join(' ')
}

function section(id: MethodId): string {
  const card: MethodCard = METHOD_CARDS[id]
  const options = Object.entries(card.options)
  return [
    `### ${id}`,
    `${card.title}. ${card.summary}${card.origin === 'own' ? ' **Our construction**, not a published method.' : ''}`,
    `\`L = ${card.formula}\``,
    needs(card),
    `Convention: ${card.convention}`,
    ...(options.length > 0
      ? [
          ['| Option | Default | Range | |', '|---|---|---|---|', ...options.map(optionRow)].join(
            '\n',
          ),
        ]
      : []),
    `Source: ${card.citation}. Code: [${id}.ts](../workers/engine/losses/${id}.ts).`,
  ].join('\n\n')
}

const named = Object.keys(METHODS)
const NAMED =
  named.length === Object.keys(METHOD_CARDS).length
    ? '**A job can name each of them**; [methods.md](methods.md) describes how.'
    : `**A job can name those that are described in [methods.md](methods.md): ${named
        .map((id) => `\`${id}\``)
        .join(', ')}.** The others are
not offered by the API yet.`

const HEAD = `# Losses

The losses that the training engine has, one file each under [workers/engine/losses](../workers/engine/losses/loss-in-parts.ts).
Values and gradients agree with references computed by PyTorch in float64. This page is written by its test out of
[src/domain/methods](../src/domain/methods/cards.ts).

${NAMED}

- z are logits of the student, v of the teacher; F, f, s, t features; y the label; p probabilities or prototypes. T divides
  logits. Logarithms are natural.
- mean_b is over the rows of a batch; where labels are read, over the rows that have one. KL is summed over classes.
- No gradient flows into the teacher. The one exception is the teacher's embedding of \`contrastive\`, which is trained.
- A vector of length 0 has no direction: where one is asked for it gives 0, with a gradient of 0.
- Where two maps differ in size, the larger one is average-pooled to the smaller height and width.
- The usual weight is that of publications, beside a cross-entropy, mostly for CIFAR-100. The scales of losses differ by
  factors of thousands, so weights of one are no guide for another.
`

/** The whole page. */
export function lossesPage(): string {
  const ids = Object.keys(METHOD_CARDS) as MethodId[]
  const groups = (Object.keys(VARIANTS) as Variant[]).map((variant) =>
    [
      `## ${VARIANTS[variant]}`,
      ...ids.filter((id) => METHOD_CARDS[id].variant === variant).map(section),
    ].join('\n\n'),
  )
  return `${[HEAD.trimEnd(), ...groups].join('\n\n')}\n`
}
