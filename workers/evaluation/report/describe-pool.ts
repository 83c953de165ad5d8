/** The numbers of all measured rows together, with intervals. */
import type { Estimate } from '../../../src/domain/report/interval.ts'
import { byMetric, type Metrics } from '../../../src/domain/report/metrics.ts'
import type { Pooled, PooledArm, PooledDifference } from '../../../src/domain/report/pooled.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import { reliability } from '../metrics/calibration.ts'
import { confusion } from '../metrics/confusion.ts'
import { metricsOf } from '../metrics/metrics.ts'
import { type ClassRates, classMetrics, classRates } from '../metrics/per-class.ts'
import type { RowScores } from '../metrics/row-scores.ts'
import { onceEach, type Tally, tally } from '../metrics/tally.ts'
import { percentileInterval } from '../statistics/bootstrap.ts'
import { wilson } from '../statistics/wilson.ts'
import { mapArms } from './arms.ts'
import type { Pool } from './pool.ts'
import type { Resampled } from './resampled.ts'

type Value = number | null

const minus = (one: Value | undefined, other: Value | undefined): Value =>
  typeof one === 'number' && typeof other === 'number' ? one - other : null

const estimate = (value: Value, draws: () => Value[]): Estimate => ({
  value,
  interval: value === null ? null : percentileInterval(draws()),
})

function describeArm(
  pool: Pool,
  scores: RowScores,
  sums: Tally,
  drawn: readonly (Metrics | null)[],
): PooledArm {
  const metrics = metricsOf(sums)
  const estimates = byMetric((name) =>
    estimate(metrics[name], () => drawn.map((draw) => draw?.[name] ?? null)),
  )
  const isIndependent = pool.units.count === pool.rows.length
  return {
    metrics: isIndependent
      ? {
          ...estimates,
          accuracy: { value: metrics.accuracy, interval: wilson(sums.right, sums.rows) },
        }
      : estimates,
    perClass: classMetrics(sums),
    reliability: reliability(sums),
    confusion: confusion(scores),
  }
}

function describeDifference(
  [first, firstSums]: readonly [ComparedArm, Tally],
  [second, secondSums]: readonly [ComparedArm, Tally],
  drawn: readonly Resampled[],
): PooledDifference {
  const [one, other] = [metricsOf(firstSums), metricsOf(secondSums)]
  const [ratesOfOne, ratesOfOther] = [classRates(firstSums), classRates(secondSums)]
  const ofClass = (rate: keyof ClassRates, index: number): Estimate => ({
    value: minus(ratesOfOne[rate][index], ratesOfOther[rate][index]),
    interval: percentileInterval(
      drawn.map(({ classes }) =>
        minus(classes?.[first]?.[rate][index], classes?.[second]?.[rate][index]),
      ),
    ),
  })
  return {
    metrics: byMetric((name) =>
      estimate(minus(one[name], other[name]), () =>
        drawn.map(({ metrics }) => minus(metrics[first]?.[name], metrics[second]?.[name])),
      ),
    ),
    perClass: Array.from(ratesOfOne.f1, (_, index) => ({
      class: index,
      precision: ofClass('precision', index),
      recall: ofClass('recall', index),
      f1: ofClass('f1', index),
    })),
  }
}

/** @param drawn resamples of the same pool */
export function describePool(pool: Pool, drawn: readonly Resampled[]): Pooled {
  const sums = mapArms(pool.arms, (scores) => tally(scores, onceEach(scores.labels.length)))
  const describe = (arm: ComparedArm, scores: RowScores, of: Tally): PooledArm =>
    describeArm(
      pool,
      scores,
      of,
      drawn.map(({ metrics }) => metrics[arm]),
    )
  const distilled = ['distilled', sums.distilled] as const
  const { control } = pool.arms
  return {
    rows: new Set(pool.rows).size,
    predictions: pool.rows.length,
    groups: pool.isGrouped ? pool.units.count : null,
    arms: {
      teacher: describe('teacher', pool.arms.teacher, sums.teacher),
      distilled: describe('distilled', pool.arms.distilled, sums.distilled),
      control: control && sums.control ? describe('control', control, sums.control) : null,
    },
    gain: sums.control && describeDifference(distilled, ['control', sums.control], drawn),
    loss: describeDifference(distilled, ['teacher', sums.teacher], drawn),
  }
}
