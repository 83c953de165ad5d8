/** What distillation did to each class: distilled minus control with its interval, from best to worst. */
import { PERCENT_LABELS, points } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { PALETTES, type Theme, themeConfig } from './theme.ts'

export interface ClassDifference {
  readonly name: string
  /** Distilled minus control, −1 to 1. */
  readonly difference: number
  /** Null where there is none, as for a class with too few rows. */
  readonly interval: { readonly lower: number; readonly upper: number } | null
}

export interface ClassDifferences {
  /** What the difference is one of, for example `F1`. */
  readonly metric: string
  /** For example 0.95. */
  readonly level: number
  readonly classes: readonly ClassDifference[]
}

const WIDTH = 480
const ROW = 20
/** More than these are not drawn: those that changed most stay. */
export const MOST_CLASSES = 40

export function classDifference({ metric, level, classes }: ClassDifferences, theme: Theme): Plot {
  const palette = PALETTES[theme]
  const shown = [...classes]
    .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
    .slice(0, MOST_CLASSES)
    .sort((a, b) => b.difference - a.difference)
  const values = shown.map(({ name, difference, interval }) => ({
    name,
    difference,
    lower: interval?.lower ?? null,
    upper: interval?.upper ?? null,
  }))
  const title = `${metric} by class: distilled minus control`
  const isPart = shown.length < classes.length
  const which = isPart ? `the ${shown.length} of ${classes.length} that differ most; ` : ''
  const y = {
    field: 'name',
    type: 'nominal' as const,
    // Not `sort`, which would write the names into an expression.
    scale: { domain: values.map(({ name }) => name) },
    axis: { title: null, domain: false, ticks: false, grid: true },
  }
  const measured = values.filter(({ lower }) => lower !== null)
  const bars = {
    data: { values: measured },
    mark: { type: 'rule' as const, strokeWidth: 2, color: palette.arms.distilled },
    encoding: { y, x: { field: 'lower', type: 'quantitative' as const }, x2: { field: 'upper' } },
  }
  const best = values.at(0)
  const worst = values.at(-1)
  const clear = values.filter(({ lower, upper }) => (lower ?? 0) > 0 || (upper ?? 0) < 0).length
  return {
    title,
    description:
      best && worst
        ? `${metric} of the distilled student minus that of the control, in percentage points, for ${values.length} classes: most for ${best.name} (${points(best.difference)}), least for ${worst.name} (${points(worst.difference)}). For ${clear} of them the interval does not contain zero.`
        : 'No classes.',
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title: { text: title, subtitle: `${which}bars: ${100 * level} % intervals` },
      width: WIDTH,
      height: { step: ROW },
      data: { values },
      layer: [
        ...(measured.length > 0 ? [bars] : []),
        {
          mark: {
            type: 'point',
            filled: true,
            size: 70,
            opacity: 1,
            color: palette.arms.distilled,
          },
          encoding: {
            y,
            x: {
              field: 'difference',
              type: 'quantitative',
              scale: { nice: true, padding: 12 },
              axis: { labelExpr: PERCENT_LABELS, grid: true, tickCount: 6 },
              title: `${metric}, distilled − control, percentage points`,
            },
          },
        },
        {
          data: { values: [{ zero: 0 }] },
          mark: { type: 'rule', strokeWidth: 1.5, color: palette.ink },
          encoding: { x: { field: 'zero', type: 'quantitative' } },
        },
      ],
      config: themeConfig(palette),
    },
  }
}
