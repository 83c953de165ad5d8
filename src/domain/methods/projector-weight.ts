/** A weight that a term trains beside the student's. */
import type { Shape } from '../network.ts'

export interface ProjectorWeight {
  /** kernel-n `[in, out]` and bias-n `[out]` of layer n; `log-scale` `[out]`. Where there are several projectors, after their name. */
  readonly name: string
  readonly shape: Shape
  /** Glorot uniform; or all alike, for `variance` such that the variance of a channel is 5. */
  readonly start: 'glorot' | 'zeros' | 'ones' | 'variance'
}
