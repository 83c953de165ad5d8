/** Accuracy against what a network costs: one that is left of and above another is better in both. */
import type { ComparedArm } from '../domain/words.ts'
import { armScales } from './arm-scales.ts'
import { PERCENT_LABELS, percent } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { spreadLabels } from './spread-labels.ts'
import { PALETTES, type Palette, type Theme, themeConfig } from './theme.ts'

export interface Candidate {
  /** Unique; stands beside the point. */
  readonly name: string
  readonly arm: ComparedArm
  /** 0 to 1. */
  readonly accuracy: number
  /** Of accuracy; null for a single measurement. */
  readonly standardDeviation: number | null
  /** Positive; null where it is not known. */
  readonly weightBytes: number | null
  /** Median for one row, in milliseconds, positive; null where it was not measured. */
  readonly latencyMs: number | null
}

type Cost = 'weightBytes' | 'latencyMs'
interface Placed extends Candidate {
  readonly cost: number
}

const WIDTH = 300
const HEIGHT = 260
const MANY_POWERS = 3
/** Of the range of accuracies, above and below. */
const MARGIN = 0.12
/** Of names, in pixels. */
const NAME_LIMIT = 120
const LETTER = 7
const AXES: Readonly<Record<Cost, { title: string; scale: number }>> = {
  weightBytes: { title: 'weights, kB (logarithmic)', scale: 1e-3 },
  latencyMs: { title: 'median latency of one row, ms (logarithmic)', scale: 1 },
}

/** 1, 2 and 5 times powers of ten between the two; of wide ranges the powers alone. */
function ticks(low: number, high: number): number[] {
  const powers = Array.from(
    { length: Math.floor(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, step) => 10 ** (Math.floor(Math.log10(low)) + step),
  )
  const factors = powers.length > MANY_POWERS ? [1] : [1, 2, 5]
  return powers
    .flatMap((power) => factors.map((factor) => Number((power * factor).toPrecision(1))))
    .filter((value) => value >= low && value <= high)
}

/** Those that no other beats in one respect without losing in the other, from cheap to dear. */
export function frontier<Point extends { cost: number; accuracy: number }>(
  points: readonly Point[],
): Point[] {
  const best: Point[] = []
  for (const point of [...points].sort((a, b) => a.cost - b.cost || b.accuracy - a.accuracy))
    if (point.accuracy > (best.at(-1)?.accuracy ?? Number.NEGATIVE_INFINITY)) best.push(point)
  return best
}

const placed = (candidates: readonly Candidate[], cost: Cost): Placed[] =>
  candidates.flatMap((candidate) => {
    const value = candidate[cost]
    return value === null ? [] : [{ ...candidate, cost: value * AXES[cost].scale }]
  })

/** Accuracies at which the names stand. */
function labelHeights(
  points: readonly Placed[],
  [cheapest, dearest]: readonly [number, number],
  [lowest, highest]: readonly [number, number],
): number[] {
  const heights = spreadLabels(
    points.map(({ name, cost, accuracy }) => ({
      x: (WIDTH * Math.log(cost / cheapest)) / Math.log(dearest / cheapest),
      y: (HEIGHT * (highest - accuracy)) / (highest - lowest),
      width: Math.min(NAME_LIMIT, LETTER * name.length),
    })),
  )
  return heights.map((height) => highest - (height / HEIGHT) * (highest - lowest))
}

function panel(points: readonly Placed[], cost: Cost, first: boolean, palette: Palette) {
  const scales = armScales(new Set(points.map(({ arm }) => arm)), palette)
  const costs = points.map((point) => point.cost)
  // Room for the names beside the points.
  const domain: [number, number] = [Math.min(...costs) / 1.6, Math.max(...costs) * 3]
  const x = {
    field: 'cost',
    type: 'quantitative' as const,
    scale: { type: 'log' as const, domain, nice: false },
    axis: { grid: false, values: ticks(...domain), format: '~r' },
    title: AXES[cost].title,
  }
  const ranges = points.map(({ accuracy, standardDeviation }) => ({
    low: accuracy - (standardDeviation ?? 0),
    high: accuracy + (standardDeviation ?? 0),
  }))
  const lowest = Math.min(...ranges.map(({ low }) => low))
  const highest = Math.max(...ranges.map(({ high }) => high))
  const margin = MARGIN * (highest - lowest || 1)
  const accuracies: [number, number] = [lowest - margin, highest + margin]
  const y = {
    field: 'accuracy',
    type: 'quantitative' as const,
    scale: { domain: accuracies, nice: false },
    axis: { labelExpr: PERCENT_LABELS, tickCount: 6 },
    title: first ? 'accuracy, % of held-out rows' : null,
  }
  const labels = labelHeights(points, domain, accuracies)
  const values = points.map(({ name, arm, accuracy, cost: at }, index) => ({
    name,
    arm,
    accuracy,
    cost: at,
    ...ranges[index],
    label: labels[index] ?? accuracy,
  }))
  return {
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        data: { values: frontier(values) },
        mark: {
          type: 'line' as const,
          interpolate: 'step-after' as const,
          strokeWidth: 1,
          strokeDash: [4, 3],
          color: palette.muted,
        },
        encoding: { x, y },
      },
      {
        data: { values },
        mark: { type: 'rule' as const, strokeWidth: 1.5 },
        encoding: {
          x,
          y: { ...y, field: 'low' },
          y2: { field: 'high' },
          color: { ...scales.color, legend: null },
        },
      },
      {
        data: { values },
        mark: { type: 'point' as const, filled: true, size: 80, opacity: 1 },
        encoding: {
          x,
          y,
          color: { ...scales.color, legend: null },
          shape: { ...scales.shape, legend: null },
        },
      },
      {
        data: { values },
        mark: { type: 'text' as const, align: 'left' as const, dx: 9, dy: -7, limit: NAME_LIMIT },
        encoding: {
          x,
          y: { ...y, field: 'label' },
          text: { field: 'name', type: 'nominal' as const },
        },
      },
    ],
  }
}

/** A panel for each cost that is known of at least two; @returns null where there is none. */
export function pareto(candidates: readonly Candidate[], theme: Theme): Plot | null {
  const palette = PALETTES[theme]
  const panels = (['weightBytes', 'latencyMs'] as const)
    .map((cost) => ({ cost, points: placed(candidates, cost) }))
    .filter(({ points }) => points.length >= 2)
  if (panels.length === 0) return null
  const title = 'Accuracy against size and time'
  return {
    title,
    description: `${title}: ${candidates
      .map(
        ({ name, accuracy, weightBytes, latencyMs }) =>
          `${name} ${percent(accuracy)}${weightBytes === null ? '' : `, ${(weightBytes / 1000).toFixed(1)} kB`}${latencyMs === null ? '' : `, ${latencyMs.toPrecision(3)} ms`}`,
      )
      .join('; ')}.`,
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title: {
        text: title,
        subtitle: 'dashed: no other network is both cheaper and better; bars: ± standard deviation',
      },
      hconcat: panels.map(({ cost, points }, index) => panel(points, cost, index === 0, palette)),
      spacing: 32,
      config: themeConfig(palette),
    },
  }
}
