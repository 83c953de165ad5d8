/** Weights and constants that belong to a term, by name: `projector/<term>/kernel-0`, `constant/<term>/prototypes`. */

import { type ProjectorWeight, projectorOf } from '../../../src/domain/methods/projector.ts'
import { elements, type Network, type Shape, weightName } from '../../../src/domain/network.ts'
import type { ResolvedTerm } from '../../../src/domain/objective.ts'
import { tapPoints } from '../../../src/domain/tap-points.ts'
import { deriveSeed, randomStream, uniform } from '../random.ts'
import type { tf } from '../tensorflow.ts'
import type { NamedArray, Weights } from '../weights.ts'
import type { Projector } from './primitives/project.ts'

export const projectorName = (term: number, weight: string): string => `projector/${term}/${weight}`

export const constantName = (term: number, what: string): string => `${what}/${term}`

/** Variance of each channel at the start (Ahn et al. 2019, authors' code). */
const START_VARIANCE = 5

function startValues({ name, shape }: ProjectorWeight, seed: number): Float32Array {
  if (name.startsWith('kernel')) {
    const [from = 1, to = 1] = shape
    return uniform(from * to, Math.sqrt(6 / (from + to)), randomStream(seed))
  }
  const values = new Float32Array(elements(shape))
  // softplus(a) is that variance.
  return name === 'log-scale' ? values.fill(Math.log(Math.expm1(START_VARIANCE))) : values
}

const shapeAt = (network: Network, tap: string): Shape => {
  const point = tapPoints(network).find(({ name }) => name === tap)
  if (!point) throw new Error(`the network has no point called ${tap}`)
  return point.shape
}

/**
 * Draws what the terms of an objective train beside the student: kernels Glorot uniform, biases 0, each from a stream of
 * its own.
 */
export const initializeProjectors = (
  objective: readonly ResolvedTerm[],
  student: Network,
  teacher: Network,
  seed: number,
): NamedArray[] =>
  objective.flatMap(({ method, taps }, term) => {
    if (!taps) return []
    const shapes = [shapeAt(student, taps.student), shapeAt(teacher, taps.teacher)] as const
    return projectorOf(method, ...shapes).map((weight) => ({
      name: projectorName(term, weight.name),
      shape: weight.shape,
      values: startValues(weight, deriveSeed(seed, term, weight.name)),
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

/** The layers of a term's projector; none where widths agree. */
export function projectorFrom(weights: Weights, term: number): Projector {
  const layers: Projector[number][] = []
  for (let layer = 0; ; layer++) {
    const weight = weights[projectorName(term, `kernel-${layer}`)] as tf.Tensor2D | undefined
    const bias = weights[projectorName(term, `bias-${layer}`)] as tf.Tensor1D | undefined
    if (!weight) return layers
    layers.push(bias ? { weight, bias } : { weight })
  }
}
