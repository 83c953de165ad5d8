/** Weights that a term trains beside the student's. They are not delivered and not counted as the student's. */
import { elements, type Shape } from '../network.ts'
import { cardOf, type Method } from './job-methods.ts'

export interface ProjectorWeight {
  /** kernel-n `[in, out]` and bias-n `[out]` of layer n; `log-scale` `[out]`. */
  readonly name: string
  readonly shape: Shape
}

/** Methods that map the student's features into the teacher's also where widths agree. */
const ALWAYS: ReadonlySet<Method> = new Set([
  'feature-hint',
  'variational-information',
  'prototype-reconstruction',
])

/**
 * What a term trains to make taps comparable: a linear layer with bias along the last axis; for variational-information
 * three layers without bias, and a variance a channel (Ahn et al. 2019, authors' code).
 * @param student shape of its tap, of one row
 * @param teacher shape of its tap, of one row
 */
export function projectorOf(method: Method, student: Shape, teacher: Shape): ProjectorWeight[] {
  const [from = 1, to = 1] = [student.at(-1), teacher.at(-1)]
  // Class maps are as wide as there are classes.
  if (method === 'class-attention') return []
  if (!cardOf(method).sameWidth || (from === to && !ALWAYS.has(method))) return []
  if (method === 'variational-information')
    return [
      { name: 'kernel-0', shape: [from, to] },
      { name: 'kernel-1', shape: [to, to] },
      { name: 'kernel-2', shape: [to, to] },
      { name: 'log-scale', shape: [to] },
    ]
  return [
    { name: 'kernel-0', shape: [from, to] },
    { name: 'bias-0', shape: [to] },
  ]
}

export const projectorSize = (weights: readonly ProjectorWeight[]): number =>
  weights.reduce((sum, { shape }) => sum + elements(shape), 0)
