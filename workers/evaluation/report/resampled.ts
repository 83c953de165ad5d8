/** The numbers of all arms, had other rows been drawn. */
import { createHash } from 'node:crypto'
import type { Metrics } from '../../../src/domain/report/metrics.ts'
import { MATRIX_CLASSES } from '../../../src/domain/report/pooled.ts'
import { metricsOf } from '../metrics/metrics.ts'
import { type ClassRates, classRates } from '../metrics/per-class.ts'
import { tally } from '../metrics/tally.ts'
import { RESAMPLES, resample } from '../statistics/bootstrap.ts'
import { type ByArm, mapArms } from './arms.ts'
import type { Pool } from './pool.ts'

/** Of one resample. */
export interface Resampled {
  readonly metrics: ByArm<Metrics>
  /** Null for so many classes that nobody would read them. */
  readonly classes: ByArm<ClassRates> | null
}

/** 31 bits, of the seed of the job. */
export const bootstrapSeed = (seed: number): number =>
  createHash('sha256').update(`bootstrap ${seed}`).digest().readUInt32BE(0) >>> 1

export function resamplePool({ arms, units }: Pool, seed: number): Resampled[] {
  const results: Resampled[] = []
  resample(units, RESAMPLES, seed, (weights) => {
    const sums = mapArms(arms, (scores) => tally(scores, weights))
    results.push({
      metrics: mapArms(sums, metricsOf),
      classes: arms.teacher.classes > MATRIX_CLASSES ? null : mapArms(sums, classRates),
    })
  })
  return results
}
