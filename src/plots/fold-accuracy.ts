/** Accuracy fold by fold, with control and distilled of a fold joined: what the gain is an average of. */
import type { ComparedArm } from '../domain/words.ts'
import { armScales } from './arm-scales.ts'
import { mean, PERCENT_LABELS, percent, points } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { PALETTES, type Theme, themeConfig } from './theme.ts'

export interface FoldAccuracy {
  /** For example `fold 3`; unique. */
  readonly name: string
  readonly teacher: number
  readonly distilled: number
  readonly control: number | null
}

const WIDTH = 520
const ROOMY_ROW = 24
const TIGHT_ROW = 9
/** From here on rows are tight, so that repeated folds fit a page. */
const MANY_FOLDS = 25

function describe(folds: readonly FoldAccuracy[]): string {
  const distilled = mean(folds.map((fold) => fold.distilled))
  const gains = folds.flatMap((fold) =>
    fold.control === null ? [] : [fold.distilled - fold.control],
  )
  const alone = `Accuracy of the distilled student in ${folds.length} measured parts, on average ${percent(distilled)}.`
  if (gains.length === 0) return alone
  const better = gains.filter((gain) => gain > 0).length
  return `${alone} Distilled minus control is ${points(mean(gains))} percentage points on average, between ${points(Math.min(...gains))} and ${points(Math.max(...gains))}; distilled is better in ${better} of ${gains.length}.`
}

export function foldAccuracy(folds: readonly FoldAccuracy[], theme: Theme): Plot {
  const palette = PALETTES[theme]
  const joined = folds.filter(({ control }) => control !== null)
  const dots = folds.flatMap(({ name, ...arms }) =>
    (['teacher', 'control', 'distilled'] as const).flatMap((arm) => {
      const accuracy = arms[arm]
      return accuracy === null ? [] : [{ name, arm, accuracy }]
    }),
  )
  const present = new Set<ComparedArm>(dots.map(({ arm }) => arm))
  const scales = armScales(present, palette)
  const y = {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: folds.map(({ name }) => name) },
    axis: { title: null, domain: false, ticks: false, grid: true, labelOverlap: true },
  }
  const title = 'Accuracy in each held-out part'
  const join = {
    data: { values: joined },
    mark: { type: 'rule' as const, strokeWidth: 2, color: palette.muted },
    encoding: {
      y,
      x: { field: 'control', type: 'quantitative' as const },
      x2: { field: 'distilled' },
    },
  }
  return {
    title,
    description: describe(folds),
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title,
      width: WIDTH,
      height: { step: folds.length > MANY_FOLDS ? TIGHT_ROW : ROOMY_ROW },
      layer: [
        ...(joined.length > 0 ? [join] : []),
        {
          data: { values: dots },
          mark: { type: 'point', filled: true, size: 70, opacity: 1 },
          encoding: {
            y,
            x: {
              field: 'accuracy',
              type: 'quantitative',
              scale: { zero: false, nice: true, padding: 10 },
              axis: { labelExpr: PERCENT_LABELS, grid: false, tickCount: 6 },
              title: 'accuracy, % of held-out rows',
            },
            color: scales.color,
            shape: scales.shape,
          },
        },
      ],
      config: themeConfig(palette),
    },
  }
}
