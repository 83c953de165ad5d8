/** Weights and constants that belong to a term, by name: `projector/<term>/kernel-0`, `constant/<term>/prototypes`. */

import { projectorOf } from '../../../src/domain/methods/projector.ts'
import type { ProjectorWeight } from '../../../src/domain/methods/projector-weight.ts'
import { elements, type Network, type Shape, weightName } from '../../../src/domain/network.ts'
import { type ResolvedTerm, tapNames } from '../../../src/domain/objective.ts'
import { tapPoints } from '../../../src/domain/tap-points.ts'
import { deriveSeed, randomStream, uniform } from '../random.ts'
import type { tf } from '../tensorflow.ts'
import { fans, type NamedArray, type Weights } from '../weights.ts'
import type { Projector } from './primitives/project.ts'

export const projectorName = (term: number, weight: string): string => `projector/${term}/${weight}`

export const constantName = (term: number, what: string): string => `${what}/${term}`

export const memoryName = (term: number, what: string): string => `memory/${term}/${what}`

/** Of a weight of the teacher's encoder in factor transfer, as a constant. */
export const paraphraserName = (weight: string): string => `paraphraser/${weight}`

/** Variance of each channel at the start (Ahn et al. 2019, authors' code). */
const START_VARIANCE = 5

function startValues({ start, shape }: ProjectorWeight, seed: number): Float32Array {
  const count = elements(shape)
  switch (start) {
    case 'glorot':
      return uniform(count, Math.sqrt(6 / fans(shape)), randomStream(seed))
    case 'zeros':
      return new Float32Array(count)
    case 'ones':
      return new Float32Array(count).fill(1)
    case 'variance':
      // softplus(a) is that variance.
      return new Float32Array(count).fill(Math.log(Math.expm1(START_VARIANCE)))
  }
}

const shapeAt = (network: Network, tap: string): Shape => {
  const point = tapPoints(network).find(({ name }) => name === tap)
  if (!point) throw new Error(`the network has no point called ${tap}`)
  return point.shape
}

/**
 * Draws what the terms of an objective train beside the student, each from a stream of its own.
 */
export const initializeProjectors = (
  objective: readonly ResolvedTerm[],
  student: Network,
  teacher: Network,
  seed: number,
): NamedArray[] =>
  objective.flatMap((term, index) => {
    const { taps } = term
    if (!taps) return []
    const own = tapNames(taps.student).map((tap) => shapeAt(student, tap))
    const wanted = tapNames(taps.teacher).map((tap) => shapeAt(teacher, tap))
    return projectorOf(term, own, wanted).map((weight) => ({
      name: projectorName(index, weight.name),
      shape: weight.shape,
      values: startValues(weight, deriveSeed(seed, index, weight.name)),
    }))
  })

/** The dense layer at the end of a network; none where it ends otherwise. */
export function headFrom(network: Network, weights: Weights): Projector {
  const last = network.layers.at(-1)
  if (last?.layer.type !== 'dense') return []
  const weight = weights[weightName(last.name, 'kernel')] as tf.Tensor2D
  const bias = weights[weightName(last.name, 'bias')] as tf.Tensor1D | undefined
  return [bias ? { weight, bias } : { weight }]
}

/**
 * The layers of a term's projector; none where widths agree.
 * @param place where there are several, which
 */
export function projectorFrom(weights: Weights, term: number, place = ''): Projector {
  const layers: Projector[number][] = []
  for (let layer = 0; ; layer++) {
    const weight = weights[projectorName(term, `${place}kernel-${layer}`)] as
      | tf.Tensor2D
      | undefined
    const bias = weights[projectorName(term, `${place}bias-${layer}`)] as tf.Tensor1D | undefined
    if (!weight) return layers
    layers.push(bias ? { weight, bias } : { weight })
  }
}
