/** Reliability diagrams (Guo et al. 2017), one an arm: whether a network that says 80 % is right 80 % of the time. */
import type { ComparedArm } from '../domain/words.ts'
import { PERCENT_LABELS, percent } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { PALETTES, type Palette, type Theme, themeConfig } from './theme.ts'

/** Rows whose largest probability lies in one bin. */
export interface ReliabilityBin {
  readonly rows: number
  /** Mean of the largest probability, 0 to 1. */
  readonly confidence: number
  /** Share of rows that are right, 0 to 1. */
  readonly accuracy: number
}

export interface ArmReliability {
  readonly arm: ComparedArm
  /** Expected calibration error, 0 to 1. */
  readonly ece: number
  /** Those with rows, in ascending confidence. */
  readonly bins: readonly ReliabilityBin[]
}

export interface Reliability {
  /** Of equal width, those without rows included. */
  readonly bins: number
  readonly arms: readonly ArmReliability[]
}

const SIDE = 190
const UNIT = { domain: [0, 1] }
const DIAGONAL = [
  { ideal: 0, confidence: 0 },
  { ideal: 1, confidence: 1 },
]

function panel({ arm, ece, bins }: ArmReliability, first: boolean, palette: Palette, most: number) {
  const x = {
    field: 'confidence',
    type: 'quantitative' as const,
    scale: UNIT,
    axis: { labelExpr: PERCENT_LABELS, values: [0, 0.25, 0.5, 0.75, 1], grid: false },
    title: 'confidence, %',
  }
  const y = {
    type: 'quantitative' as const,
    scale: UNIT,
    axis: { labelExpr: PERCENT_LABELS, values: [0, 0.25, 0.5, 0.75, 1] },
    title: first ? 'accuracy, %' : null,
  }
  const color = palette.arms[arm]
  return {
    title: { text: arm, subtitle: `ECE ${percent(ece)}`, fontSize: 13 },
    width: SIDE,
    height: SIDE,
    layer: [
      {
        data: { values: DIAGONAL },
        mark: { type: 'line' as const, strokeWidth: 1, strokeDash: [4, 3], color: palette.muted },
        encoding: { x, y: { ...y, field: 'ideal' } },
      },
      {
        data: { values: [...bins] },
        mark: { type: 'line' as const, strokeWidth: 1, opacity: 0.5, color },
        encoding: { x, y: { ...y, field: 'accuracy' } },
      },
      {
        data: { values: [...bins] },
        mark: { type: 'circle' as const, color, opacity: 1 },
        encoding: {
          x,
          y: { ...y, field: 'accuracy' },
          size: {
            field: 'rows',
            type: 'quantitative' as const,
            scale: { type: 'sqrt' as const, domain: [0, most], range: [12, 260] },
            legend: null,
          },
        },
      },
    ],
  }
}

export function reliability({ bins, arms }: Reliability, theme: Theme): Plot {
  const palette = PALETTES[theme]
  const most = Math.max(1, ...arms.flatMap((one) => one.bins.map(({ rows }) => rows)))
  const title = 'Reliability: is the confidence justified?'
  return {
    title,
    description: `Accuracy against confidence in ${bins} bins of equal width, all measured rows together. Expected calibration error: ${arms
      .map(({ arm, ece }) => `${arm} ${percent(ece)}`)
      .join(', ')}. Below the diagonal a network is too sure of itself.`,
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title: {
        text: title,
        subtitle: `${bins} bins of equal width; larger dots: more rows; below the line: too sure`,
      },
      hconcat: arms.map((one, index) => panel(one, index === 0, palette, most)),
      spacing: 28,
      config: themeConfig(palette),
    },
  }
}
