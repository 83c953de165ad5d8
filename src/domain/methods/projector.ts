/** Weights that a term trains beside the student's. They are not delivered and not counted as the student's. */
import { elements, type Shape, weightName } from '../network.ts'
import type { ResolvedTerm } from '../objective.ts'
import { encoder, factorChannels } from './factors.ts'
import { fusionWeights } from './fusion-weights.ts'
import { cardOf, type Method } from './job-methods.ts'
import type { ProjectorWeight } from './projector-weight.ts'

/** Methods that map the student's features into the teacher's also where widths agree. */
const ALWAYS: ReadonlySet<Method> = new Set([
  'feature-hint',
  'variational-information',
  'prototype-reconstruction',
])

const widthOf = (shape: Shape | undefined): number => shape?.at(-1) ?? 1

const kernel = (name: string, shape: Shape): ProjectorWeight => ({ name, shape, start: 'glorot' })

/** A linear layer with bias along the last axis. */
const linear = (from: number, to: number, place = ''): ProjectorWeight[] => [
  kernel(`${place}kernel-0`, [from, to]),
  { name: `${place}bias-0`, shape: [to], start: 'zeros' },
]

/** Three layers without bias, and a variance a channel (Ahn et al. 2019, authors' code). */
const variational = (from: number, to: number): ProjectorWeight[] => [
  kernel('kernel-0', [from, to]),
  kernel('kernel-1', [to, to]),
  kernel('kernel-2', [to, to]),
  { name: 'log-scale', shape: [to], start: 'variance' },
]

/** What two taps of a network are called in the names of their projectors. */
export const FLOW = ['first/', 'second/'] as const

/** Before the names of the maps into embeddings of the contrastive loss. */
export const EMBEDDINGS = { student: 'student/', teacher: 'teacher/' } as const

/** Of the weights of the student's encoder in factor transfer. */
export const TRANSLATOR = 'translator/'

/** The student's encoder, into factors as wide as the teacher's. */
const translator = (student: Shape, channels: number): ProjectorWeight[] =>
  encoder(student, channels).layers.flatMap(({ name, weights }) =>
    weights.map((weight) => ({
      name: `${TRANSLATOR}${weightName(name, weight.name)}`,
      shape: weight.shape,
      start: weight.name === 'kernel' ? 'glorot' : 'zeros',
    })),
  )

/**
 * What a term trains to make taps comparable, as a rule a linear layer.
 * @param student shapes of its taps, of one row, in their order
 * @param teacher shapes of its taps, of one row, in their order
 */
export function projectorOf(
  term: ResolvedTerm,
  student: readonly Shape[],
  teacher: readonly Shape[],
): ProjectorWeight[] {
  const { method } = term
  const [from, to] = [widthOf(student[0]), widthOf(teacher[0])]
  // Class maps are as wide as there are classes.
  if (method === 'class-attention' || !cardOf(method).sameWidth) return []
  if (method === 'variational-information') return variational(from, to)
  if (term.method === 'factor-transfer')
    return translator(student[0] ?? [], factorChannels(teacher[0] ?? [], term.factorRate))
  if (term.method === 'contrastive')
    return [
      ...linear(from, term.width, EMBEDDINGS.student),
      ...linear(to, term.width, EMBEDDINGS.teacher),
    ]
  if (method === 'review') return fusionWeights(student, teacher)
  if (method === 'fsp')
    return FLOW.flatMap((place, at) => {
      const [own, wanted] = [widthOf(student[at]), widthOf(teacher[at])]
      return own === wanted ? [] : linear(own, wanted, place)
    })
  return from === to && !ALWAYS.has(method) ? [] : linear(from, to)
}

export const projectorSize = (weights: readonly ProjectorWeight[]): number =>
  weights.reduce((sum, { shape }) => sum + elements(shape), 0)
