/** The methods that a job can name, out of all whose loss is known. */
import { METHOD_CARDS, type MethodId } from './cards.ts'
import type { MethodCard } from './method-card.ts'

/** In the order in which they are described. The engine must have a term for each, which the compiler checks. */
export const JOB_METHODS = [
  'soft-targets',
  'hard-labels',
  'decoupled',
  'dist',
  'logit-standardization',
  'logit-mse',
  'virtual-teacher',
  'mutual',
  'feature-hint',
  'similarity-preserving',
  'correlation-congruence',
  'variational-information',
  'relational',
  'probabilistic-knowledge-transfer',
  'neuron-selectivity',
  'fsp',
  'activation-boundaries',
  'factor-transfer',
  'overhaul',
  'contrastive',
  'review',
  'attention-transfer',
  'key-points',
  'channel-wise',
  'class-attention',
  'prototype-direction',
  'prototype-relational',
  'prototype-reconstruction',
] as const satisfies readonly MethodId[]

export type Method = (typeof JOB_METHODS)[number]

export const cardOf = (method: Method): MethodCard => METHOD_CARDS[method]

/** Whether a method reads outputs of layers, so that the teacher has to be a network. */
export const readsFeatures = (method: Method): boolean =>
  !['none', 'logits'].includes(cardOf(method).taps)

/** Whether a term of a method names several layers of each network, in their order. */
export const readsSeveralLayers = (method: Method): boolean =>
  ['two-maps', 'stages'].includes(cardOf(method).taps)

/** Whether a method uses only the rows whose label is known. */
export const needsLabels = (method: Method): boolean => cardOf(method).needs.includes('labels')

/** Whether a method needs a second student that learns at the same time. */
export const needsPeer = (method: Method): boolean => cardOf(method).needs.includes('peers')

/** Whether a method needs the answers of another network: of a teacher of any form, or of a peer. */
export const needsTeacher = (method: Method): boolean =>
  cardOf(method).needsTeacher || needsPeer(method)

/**
 * Factor of a term that names none. Losses of logits are of the size of a cross-entropy and count once; others get the
 * factor of publications, because a factor of one would leave most of them without effect.
 */
export function defaultWeight(method: Method): number {
  const { taps, usualWeight } = cardOf(method)
  return taps === 'logits' ? 1 : (usualWeight ?? 1)
}
