/**
 * How distilled and control come along, epoch by epoch: the mean over the folds and the range between the lowest and the
 * highest. A mean of fewer folds than before would jump, so it ends where the first fold does.
 */
import type { ComparedArm } from '../domain/words.ts'
import { armScales } from './arm-scales.ts'
import { mean, PERCENT_LABELS, percent } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { PALETTES, type Theme, themeConfig } from './theme.ts'

/** What the curves are of. The loss of the training itself is not among them: arms minimize different ones. */
export const CURVE_MEASURES = {
  validationAccuracy: {
    axis: 'accuracy, % of inner validation rows',
    title: 'Accuracy on inner validation rows by epoch',
    isShare: true,
  },
  validationLoss: {
    axis: 'cross-entropy, nats (less is better)',
    title: 'Loss on inner validation rows by epoch',
    isShare: false,
  },
  trainAccuracy: {
    axis: 'accuracy, % of labelled training rows',
    title: 'Accuracy on labelled training rows by epoch, while training',
    isShare: true,
  },
} as const
export type CurveMeasure = keyof typeof CURVE_MEASURES

export interface Curve {
  readonly arm: ComparedArm
  /** In the order of epochs, from the first. */
  readonly values: readonly number[]
}

export interface LearningCurves {
  readonly measure: CurveMeasure
  /** One a fold and arm. */
  readonly curves: readonly Curve[]
}

interface Point {
  readonly arm: ComparedArm
  readonly epoch: number
  readonly mean: number
  readonly lowest: number
  readonly highest: number
}

const WIDTH = 560
const HEIGHT = 280
/** More do not show in this width. */
const MOST_POINTS = 200

function summarize(arm: ComparedArm, curves: readonly Curve[]): Point[] {
  const own = curves.filter((curve) => curve.arm === arm && curve.values.length > 0)
  if (own.length === 0) return []
  const epochs = Math.min(...own.map(({ values }) => values.length))
  const stride = Math.ceil(epochs / MOST_POINTS)
  const points: Point[] = []
  for (let index = 0; index < epochs; index++) {
    if (index % stride !== 0 && index !== epochs - 1) continue
    const values = own.map((curve) => curve.values[index] as number)
    points.push({
      arm,
      epoch: index + 1,
      mean: mean(values),
      lowest: Math.min(...values),
      highest: Math.max(...values),
    })
  }
  return points
}

export function learningCurves({ measure, curves }: LearningCurves, theme: Theme): Plot {
  const palette = PALETTES[theme]
  const { axis, title, isShare } = CURVE_MEASURES[measure]
  const arms = (['distilled', 'control', 'teacher'] as const).map((arm) => summarize(arm, curves))
  const values = arms.flat()
  const scales = armScales(new Set(values.map(({ arm }) => arm)), palette)
  const folds = Math.max(...arms.map(([first]) => countOf(first?.arm, curves)))
  const show = (value: number): string => (isShare ? percent(value) : `${value.toFixed(3)} nats`)
  const ends = arms.flatMap((points) => {
    const last = points.at(-1)
    return last ? [`${last.arm} ends at ${show(last.mean)} after ${last.epoch} epochs`] : []
  })
  const color = {
    ...scales.color,
    legend: { symbolType: 'stroke', symbolOpacity: 1, symbolStrokeWidth: 3, symbolSize: 400 },
  }
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { nice: false, zero: false },
    axis: { grid: false, tickMinStep: 1, format: 'd', tickCount: 10 },
    title: 'epoch',
  }
  const y = {
    type: 'quantitative' as const,
    scale: { zero: false },
    axis: { tickCount: 6, ...(isShare ? { labelExpr: PERCENT_LABELS } : {}) },
    title: axis,
  }
  return {
    title,
    description: `${title}: ${ends.join('; ')}.${folds > 1 ? ` Means over ${folds} folds.` : ''}`,
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title: {
        text: title,
        ...(folds > 1
          ? { subtitle: `line: mean over ${folds} folds; area: lowest to highest` }
          : {}),
      },
      width: WIDTH,
      height: HEIGHT,
      data: { values },
      layer: [
        {
          mark: { type: 'area', opacity: 0.18 },
          encoding: {
            x,
            y: { ...y, field: 'lowest' },
            y2: { field: 'highest' },
            color,
          },
        },
        {
          // A line through one point is none.
          mark: { type: 'line', strokeWidth: 2.5, point: values.every(({ epoch }) => epoch === 1) },
          encoding: {
            x,
            y: { ...y, field: 'mean' },
            color,
            strokeDash: scales.strokeDash,
          },
        },
      ],
      config: themeConfig(palette),
    },
  }
}

const countOf = (arm: ComparedArm | undefined, curves: readonly Curve[]): number =>
  curves.filter((curve) => curve.arm === arm).length
