/**
 * Feature points and edge points, a construction of this project, after the heat maps of pose distillation (Zhang et al.
 * 2019) and the edges of BPKD (Liu et al. 2023): the places where the teacher looks, and the places where what it sees
 * ends, are picked as points, painted as heat maps, and given to the student as pictures to match. What is between the
 * points does not matter. `attention-transfer.ts` is the published sibling, which matches the whole map.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import type { LossInParts } from './loss-in-parts.ts'
import { attentionMap } from './primitives/attention-map.ts'
import { heatMap } from './primitives/heat-map.ts'
import { asDivisor } from './primitives/indicator.ts'
import { largestPoints, localMaxima, type Points } from './primitives/points.ts'
import { sobel } from './primitives/sobel.ts'
import { toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature } from './primitives/temperature.ts'

export interface KeyPointsOptions {
  /** Points of each kind that are taken at most. */
  readonly topK: number
  /** Standard deviation of the bells around points, in positions; above 0. */
  readonly spread: number
  /** Above 0; of the softmax that makes the student's attention comparable with a heat map. */
  readonly temperature: Temperature
  readonly alphaFeature: number
  readonly alphaEdge: number
  /** Squared edge strength that counts as none. */
  readonly eps: number
}

interface KeyPoints {
  readonly featurePoints: Points
  readonly edgePoints: Points
  /** `[batch, height, width]`, 1 on points; zeros for a sample without. */
  readonly featureHeat: tf.Tensor3D
  readonly edgeHeat: tf.Tensor3D
}

/** `[batch, height, width]`. */
function attentionPlanes(features: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, width] = features.shape
  return tf.reshape(attentionMap(features), [batch, height, width])
}

const squaredEdges = (planes: tf.Tensor3D): tf.Tensor3D => {
  const { x, y } = sobel(planes)
  return tf.add(tf.square(x), tf.square(y))
}

/**
 * Picks the points of a map: the strongest local maxima of its attention, and the strongest edges of the attention.
 * @param features `[batch, height, width, channels]`
 */
export function keyPointsOf(
  features: tf.Tensor4D,
  { topK, spread, eps }: Pick<KeyPointsOptions, 'topK' | 'spread' | 'eps'>,
): KeyPoints {
  return tf.tidy(() => {
    const [, height, width] = features.shape
    const attention = attentionPlanes(features)
    const maxima = tf.mul(attention, localMaxima(attention)) as tf.Tensor3D
    const featurePoints = largestPoints(maxima, topK, 0)
    const edgePoints = largestPoints(squaredEdges(attention), topK, eps)
    return {
      featurePoints,
      edgePoints,
      featureHeat: heatMap(featurePoints, height, width, spread),
      edgeHeat: heatMap(edgePoints, height, width, spread),
    } as unknown as tf.TensorContainer
  }) as unknown as KeyPoints
}

/** Mean over positions of the squared difference, then over the batch; samples without points count as 0. */
function difference(own: tf.Tensor, heat: tf.Tensor, points: Points): tf.Scalar {
  const hasPoints = tf.max(points.present, 1)
  const perSample = tf.mean(tf.squaredDifference(own, heat), [1, 2])
  return tf.mean(tf.mul(perSample, hasPoints)) as tf.Scalar
}

/**
 * L = α_f · mean (P_s − h_f)² + α_e · mean (N_s − H_e)², means over positions and then over the batch, with Q the
 * attention of a map (`primitives/attention-map.ts`, power 2) and G² = G_x² + G_y² its squared Sobel gradient:
 *
 * - teacher: feature points are the topK largest local maxima of Q_t; edge points the topK largest G² above eps. H is the
 *   larger of bells around them; h_f = H_f / Σ H_f is a distribution, H_e keeps its peak of 1;
 * - student: P_s = softmax(Q_s / T) over positions; N_s = E_s / max E_s, E_s = √(G² + eps).
 *
 * Each side is brought to the scale of the other: a distribution against a distribution, an edge map with a peak of 1
 * against bells with a peak of 1. T = 0.1 because Q is at most 1: without it the softmax would be flat. eps under the root
 * keeps the gradient finite where there is no edge.
 *
 * Points are selections of the teacher, so nothing has to flow through them. A sample without points, as from a dead map,
 * contributes 0. The value is of the order 1 / positions for α_f, and of 0.1 for α_e. Not 0 for equal networks: a map is
 * no heat map. Defaults: 8 points, spread 1, T 0.1, both weights 1, eps 1e-12.
 *
 * @param student `[batch, height, width, channels]`
 * @param teacher likewise; sizes and channels may differ, the larger map is average-pooled to the smaller
 * @returns `feature` and `edge` without their weights
 * @see related: arXiv:1811.05419, arXiv:1612.03928, arXiv:2306.08075
 */
export const keyPoints = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  options: KeyPointsOptions,
): LossInParts<'feature' | 'edge'> =>
  tf.tidy(() => {
    const { temperature, alphaFeature, alphaEdge, eps } = options
    const [ours, theirs] = toSameSize(student, stopGradient(teacher))
    const target = keyPointsOf(theirs, options)
    const attention = attentionPlanes(ours)
    const [batch, height, width] = attention.shape

    const flat = tf.reshape(attention, [batch, height * width])
    const places = tf.exp(logSoftmax(softened(flat, temperature)))
    const mass = tf.sum(target.featureHeat, [1, 2], true)
    const wanted = tf.div(target.featureHeat, asDivisor(mass))
    const feature = difference(
      tf.reshape(places, [batch, height, width]),
      wanted,
      target.featurePoints,
    )

    const edges = tf.sqrt(tf.add(squaredEdges(attention), eps))
    const relative = tf.div(edges, tf.max(edges, [1, 2], true))
    const edge = difference(relative, target.edgeHeat, target.edgePoints)

    const value = tf.add(tf.mul(feature, alphaFeature), tf.mul(edge, alphaEdge)) as tf.Scalar
    return { value, components: { feature, edge } }
  })
