/** Which classes a network takes for which: a row a true class, a column an answer. */
import { percent } from './numbers.ts'
import { type Plot, VEGA_LITE_SCHEMA } from './plot.ts'
import { PALETTES, type Theme, themeConfig } from './theme.ts'

export interface Confusion {
  readonly classNames: readonly string[]
  /** `[true class][answer]`: rows. */
  readonly counts: readonly (readonly number[])[]
}

/** Of more classes those with most errors are drawn. */
export const MOST_CLASSES = 40
/** Numbers in cells need room. */
const MOST_CLASSES_WITH_NUMBERS = 16
const SIDE = 460
const LARGEST_CELL = 44
const SMALLEST_CELL = 13
/** Longer names do not fit above a cell as they are. */
const SHORT_NAME = 3
/** Share from which a cell is so full of colour that its number needs the other ink. */
const FULL = 0.35

/** Rows of the class that went elsewhere, and rows of others that came. */
const errorsOf = (counts: Confusion['counts'], index: number): number =>
  counts.reduce(
    (sum, row, other) =>
      other === index ? sum : sum + (row[index] ?? 0) + (counts[index]?.[other] ?? 0),
    0,
  )

function choose({ classNames, counts }: Confusion): number[] {
  const all = classNames.map((_, index) => index)
  if (all.length <= MOST_CLASSES) return all
  const errors = all.map((index) => errorsOf(counts, index))
  return all
    .sort((a, b) => (errors[b] ?? 0) - (errors[a] ?? 0))
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a - b)
}

interface Cell {
  readonly truth: string
  readonly answer: string
  readonly rows: number
  /** Of the rows of the true class. */
  readonly share: number
  readonly isError: boolean
}

/** Those with rows. */
function cellsOf({ classNames, counts }: Confusion, chosen: readonly number[]): Cell[] {
  return chosen.flatMap((truth) => {
    const total = (counts[truth] ?? []).reduce((sum, rows) => sum + rows, 0)
    return chosen.flatMap((answer) => {
      const rows = counts[truth]?.[answer] ?? 0
      if (rows === 0) return []
      return [
        {
          truth: classNames[truth] ?? '',
          answer: classNames[answer] ?? '',
          rows,
          share: rows / total,
          isError: truth !== answer,
        },
      ]
    })
  })
}

function describe(cells: readonly Cell[]): string {
  const [most] = cells.filter(({ isError }) => isError).sort((a, b) => b.rows - a.rows)
  return most
    ? `Most often ${most.truth} is taken for ${most.answer}: ${most.rows} rows, ${percent(most.share)} of its class.`
    : 'No row is wrong.'
}

export function confusion(data: Confusion, theme: Theme): Plot {
  const palette = PALETTES[theme]
  const chosen = choose(data)
  const cells = cellsOf(data, chosen)
  const domain = chosen.map((index) => data.classNames[index] ?? '')
  const isPart = chosen.length < data.classNames.length
  const title = 'Confusions of the student'
  const which = isPart
    ? `the ${chosen.length} of ${data.classNames.length} classes with most errors; `
    : ''
  const cell = Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, Math.floor(SIDE / chosen.length)))
  const isUpright = domain.some((name) => name.length > SHORT_NAME)
  const axis = {
    domain: false,
    ticks: false,
    grid: false,
    labelOverlap: false,
    labelFontSize: Math.min(12, cell - 2),
    labelLimit: 200,
  }
  const encoding = {
    x: {
      field: 'answer',
      type: 'nominal' as const,
      scale: { domain, paddingInner: 0.04 },
      axis: { ...axis, orient: 'top' as const, labelAngle: isUpright ? -90 : 0 },
      title: 'answer of the student',
    },
    y: {
      field: 'truth',
      type: 'nominal' as const,
      scale: { domain, paddingInner: 0.04 },
      axis,
      title: 'true class',
    },
  }
  return {
    title,
    description: `${title}, pooled over all measured rows. ${describe(cells)}`,
    spec: {
      $schema: VEGA_LITE_SCHEMA,
      title: { text: title, subtitle: `${which}colour: share of the true class` },
      width: { step: cell },
      height: { step: cell },
      data: { values: cells },
      layer: [
        {
          mark: { type: 'rect', stroke: palette.grid, strokeWidth: 0.5 },
          encoding: {
            ...encoding,
            color: {
              field: 'share',
              type: 'quantitative',
              // Errors are a few per cent: the root makes them visible beside the diagonal.
              scale: { type: 'sqrt', domain: [0, 1], range: [...palette.heat], interpolate: 'lab' },
              legend: {
                orient: 'right',
                direction: 'vertical',
                title: 'share, %',
                labelExpr: '100 * datum.value',
                values: [0, 0.01, 0.05, 0.25, 1],
                gradientLength: 160,
              },
            },
          },
        },
        ...(chosen.length <= MOST_CLASSES_WITH_NUMBERS
          ? [
              {
                mark: { type: 'text' as const, fontSize: 11 },
                encoding: {
                  ...encoding,
                  text: { field: 'rows', type: 'quantitative' as const },
                  color: {
                    condition: { test: `datum.share > ${FULL}`, value: palette.background },
                    value: palette.ink,
                  },
                },
              },
            ]
          : []),
      ],
      config: themeConfig(palette),
    },
  }
}
