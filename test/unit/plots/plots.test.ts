import { describe, expect, test } from 'vitest'
import type { ComparedArm } from '../../../src/domain/words.ts'
import {
  classDifference,
  MOST_CLASSES as MOST_DIFFERENCES,
} from '../../../src/plots/class-difference.ts'
import { confusion, MOST_CLASSES as MOST_CONFUSED } from '../../../src/plots/confusion.ts'
import { foldAccuracy } from '../../../src/plots/fold-accuracy.ts'
import { learningCurves } from '../../../src/plots/learning-curves.ts'
import { pareto } from '../../../src/plots/pareto.ts'
import { reliability } from '../../../src/plots/reliability.ts'
import { PALETTES, THEMES } from '../../../src/plots/theme.ts'
import { read } from './drawing.ts'

const LIGHT = PALETTES.light
const FOLDS = [
  { name: 'fold 0', teacher: 0.981, distilled: 0.951, control: 0.902 },
  { name: 'fold 1', teacher: 0.975, distilled: 0.938, control: 0.911 },
  { name: 'fold 2', teacher: 0.99, distilled: 0.94, control: 0.945 },
]
const CURVES = {
  measure: 'validationAccuracy' as const,
  curves: [
    { arm: 'distilled' as const, values: [0.5, 0.7, 0.9] },
    { arm: 'distilled' as const, values: [0.6, 0.8, 0.94, 0.99] },
    { arm: 'control' as const, values: [0.4, 0.5, 0.8] },
    { arm: 'control' as const, values: [0.2, 0.55, 0.7] },
  ],
}
const RELIABILITY = {
  bins: 15,
  arms: (['teacher', 'distilled', 'control'] as const).map((arm: ComparedArm, index) => ({
    arm,
    ece: 0.01 * (index + 1),
    bins: [
      { rows: 10, confidence: 0.55, accuracy: 0.5 },
      { rows: 90, confidence: 0.95, accuracy: 0.9 },
    ],
  })),
}
const CONFUSION = {
  classNames: ['a', 'b', 'c'],
  counts: [
    [8, 2, 0],
    [0, 10, 0],
    [1, 0, 9],
  ],
}
const DIFFERENCES = {
  metric: 'F1',
  level: 0.95,
  classes: [
    { name: 'a', difference: -0.02, interval: { lower: -0.06, upper: 0.02 } },
    { name: 'b', difference: 0.08, interval: { lower: 0.03, upper: 0.12 } },
    { name: 'c', difference: 0.03, interval: null },
  ],
}
const CANDIDATES = [
  {
    name: 'teacher',
    arm: 'teacher' as const,
    accuracy: 0.98,
    standardDeviation: 0.01,
    weightBytes: 100_000,
    latencyMs: 0.4,
  },
  {
    name: 'distilled',
    arm: 'distilled' as const,
    accuracy: 0.95,
    standardDeviation: null,
    weightBytes: 5000,
    latencyMs: 0.1,
  },
  {
    name: 'control',
    arm: 'control' as const,
    accuracy: 0.9,
    standardDeviation: 0.02,
    weightBytes: 5000,
    latencyMs: 0.1,
  },
]

/** Percent; ticks are drawn on whole pixels, so what is read off them is about half a tenth from the truth. */
const close = (values: readonly number[], wanted: readonly number[]): void => {
  expect(values).toHaveLength(wanted.length)
  for (const [index, value] of values.entries()) expect(value).toBeCloseTo(wanted[index] ?? NaN, 1)
}
const percent = (shares: readonly number[]): number[] => shares.map((share) => 100 * share)

describe.each(THEMES)('%s', (theme) => {
  test.each([
    ['learning curves', learningCurves(CURVES, theme)],
    ['folds', foldAccuracy(FOLDS, theme)],
    [
      'folds without control',
      foldAccuracy(
        FOLDS.map((fold) => ({ ...fold, control: null })),
        theme,
      ),
    ],
    ['reliability', reliability(RELIABILITY, theme)],
    ['confusion', confusion(CONFUSION, theme)],
    ['class difference', classDifference(DIFFERENCES, theme)],
    ['pareto', pareto(CANDIDATES, theme)],
  ])('%s: Vega-Lite and Vega have nothing to say against it', async (_, plot) => {
    if (!plot) throw new Error('there is a plot')
    const { warnings, svg, title, description } = await read(plot)
    expect(warnings).toEqual([])
    expect(title).toBe(plot.title)
    expect(description).toBe(plot.description)
    expect(svg).toMatch(
      /^<svg [^>]*role="img" aria-labelledby="title" aria-describedby="description">/,
    )
    expect(svg).toContain(`fill="${PALETTES[theme].background}"`)
    expect(svg).not.toMatch(/NaN|undefined|\bnull\b/)
  })

  /** Relative luminance and contrast of WCAG 2.2. */
  const luminance = (color: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (one: string, other: string): number => {
    const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
    return (high + 0.05) / (low + 0.05)
  }

  test('text has a contrast of 4.5:1 with the background, and marks have 3:1', () => {
    const { background, ink, muted, arms, heat } = PALETTES[theme]
    for (const text of [ink, muted]) expect(contrast(text, background)).toBeGreaterThan(4.5)
    for (const mark of Object.values(arms)) expect(contrast(mark, background)).toBeGreaterThan(3)
    expect(contrast(ink, heat[0])).toBeGreaterThan(4.5)
    expect(contrast(background, heat[1])).toBeGreaterThan(4.5)
  })
})

describe('accuracy by fold', () => {
  test('has a dot at each accuracy in the color of its arm, and joins control and distilled', async () => {
    const drawn = await read(foldAccuracy(FOLDS, 'light'))
    const x = drawn.x()
    const of = (color: string) =>
      drawn.points.filter((point) => point.color === color).map((point) => x(point.x))
    close(of(LIGHT.arms.teacher), percent([0.981, 0.975, 0.99]))
    close(of(LIGHT.arms.distilled), percent([0.951, 0.938, 0.94]))
    close(of(LIGHT.arms.control), percent([0.902, 0.911, 0.945]))
    const ends = drawn.rules.map((rule) =>
      [x(rule.x), x(rule.x + rule.dx)].toSorted((a, b) => a - b),
    )
    close(ends.flat(), percent([0.902, 0.951, 0.911, 0.938, 0.94, 0.945]))
    expect(drawn.labels.y).toEqual(['fold 0', 'fold 1', 'fold 2'])
  })

  test('says the mean gain, its range and how often distilled is better', () => {
    expect(foldAccuracy(FOLDS, 'light').description).toContain(
      'Distilled minus control is +2.4 percentage points on average, between −0.5 and +4.9; distilled is better in 2 of 3.',
    )
  })

  test('speaks of no gain without a control', async () => {
    const drawn = await read(
      foldAccuracy(
        FOLDS.map((fold) => ({ ...fold, control: null })),
        'light',
      ),
    )
    expect(drawn.rules).toEqual([])
    expect(drawn.points).toHaveLength(6)
    expect(drawn.description).not.toContain('control')
  })
})

describe('learning curves', () => {
  test('are the means over the folds, as far as every fold has come', async () => {
    const drawn = await read(learningCurves(CURVES, 'light'))
    const [x, y] = [drawn.x(), drawn.y()]
    const [distilled = [], control = []] = drawn.lines
    close(
      distilled.map((point) => x(point.x)),
      [1, 2, 3],
    )
    close(
      distilled.map((point) => y(point.y)),
      percent([0.55, 0.75, 0.92]),
    )
    close(
      control.map((point) => y(point.y)),
      percent([0.3, 0.525, 0.75]),
    )
    expect(drawn.description).toContain('distilled ends at 92.0\u00a0% after 3 epochs')
  })

  test('of a single epoch are points', async () => {
    const curves = [
      { arm: 'distilled' as const, values: [0.9] },
      { arm: 'control' as const, values: [0.8] },
    ]
    const drawn = await read(learningCurves({ measure: 'validationAccuracy', curves }, 'light'))
    close(
      drawn.points.map((point) => drawn.y()(point.y)),
      [90, 80],
    )
  })

  test('of long trainings have few points, and the last epoch among them', async () => {
    const values = Array.from({ length: 10_000 }, (_, epoch) => 1 - 1 / (epoch + 1))
    const drawn = await read(
      learningCurves({ measure: 'trainAccuracy', curves: [{ arm: 'distilled', values }] }, 'light'),
    )
    const [line = []] = drawn.lines
    expect(line.length).toBeLessThan(210)
    expect(drawn.x()(line.at(-1)?.x ?? 0)).toBeCloseTo(10_000, 0)
  })
})

describe('reliability', () => {
  test('has a panel an arm with accuracy against confidence, and says the calibration error', async () => {
    const drawn = await read(reliability(RELIABILITY, 'light'))
    const y = drawn.y()
    const dots = drawn.points.filter(({ color }) => color === LIGHT.arms.control)
    close(
      dots.map((dot) => y(dot.y)),
      [50, 90],
    )
    expect(drawn.svg).toContain('ECE 3.0\u00a0%')
    expect(drawn.description).toContain(
      'teacher 1.0\u00a0%, distilled 2.0\u00a0%, control 3.0\u00a0%',
    )
  })
})

describe('confusions', () => {
  test('have the rows of every cell that has some, where its classes meet', async () => {
    const drawn = await read(confusion(CONFUSION, 'light'))
    const columns = [...new Set(drawn.texts.map(({ x }) => x))].toSorted((a, b) => a - b)
    const rows = [...new Set(drawn.texts.map(({ y }) => y))].toSorted((a, b) => a - b)
    const table = CONFUSION.counts.map((row) => row.map(() => 0))
    for (const { x, y, text } of drawn.texts) {
      const row = table[rows.indexOf(y)]
      if (row) row[columns.indexOf(x)] = Number(text)
    }
    expect(table).toEqual(CONFUSION.counts)
    expect(drawn.rects).toBe(5)
    expect(drawn.labels.y).toEqual(['a', 'b', 'c'])
    expect(drawn.description).toContain(
      'Most often a is taken for b: 2 rows, 20.0\u00a0% of its class.',
    )
  })

  test('of many classes are of those with most errors, without numbers', async () => {
    const classes = MOST_CONFUSED + 20
    const counts = Array.from({ length: classes }, (_, row) =>
      Array.from({ length: classes }, (_, column) =>
        row === column ? 50 : row < 2 && column < 2 ? 9 : 0,
      ),
    )
    const classNames = counts.map((_, index) => `class ${index}`)
    const drawn = await read(confusion({ classNames, counts }, 'light'))
    expect(drawn.texts).toEqual([])
    expect(drawn.rects).toBe(MOST_CONFUSED + 2)
    expect(drawn.svg).toContain(`the ${MOST_CONFUSED} of ${classes} classes with most errors`)
    expect(drawn.labels.y.slice(0, 2)).toEqual(['class 0', 'class 1'])
  })
})

describe('differences by class', () => {
  test('go from best to worst, with their intervals where there are any', async () => {
    const drawn = await read(classDifference(DIFFERENCES, 'light'))
    const x = drawn.x()
    expect(drawn.labels.y).toEqual(['b', 'c', 'a'])
    close(
      drawn.points.toSorted((a, b) => a.y - b.y).map((point) => x(point.x)),
      [8, 3, -2],
    )
    const intervals = drawn.rules.filter(({ dx }) => dx !== 0)
    close(
      intervals
        .flatMap((rule) => [x(rule.x), x(rule.x + rule.dx)].toSorted((a, b) => a - b))
        .toSorted((a, b) => a - b),
      [-6, 2, 3, 12],
    )
    expect(drawn.description).toContain('most for b (+8.0), least for a (−2.0). For 1 of them')
  })

  test('of many classes are those that differ most', async () => {
    const classes = Array.from({ length: MOST_DIFFERENCES + 10 }, (_, index) => ({
      name: `class ${index}`,
      difference: (index % 2 === 0 ? 1 : -1) * 0.001 * index,
      interval: null,
    }))
    const drawn = await read(classDifference({ metric: 'F1', level: 0.95, classes }, 'light'))
    expect(drawn.labels.y).toHaveLength(MOST_DIFFERENCES)
    expect(drawn.labels.y).not.toContain('class 9')
    expect(drawn.labels.y).toContain('class 10')
  })
})

test('names are text, whatever they are', async () => {
  const names = [
    '<script>alert(1)</script>',
    'it\'s "quoted" & <b>',
    '"] || datum["x',
    'tab\tand\nline',
    'bell \u0007, half \ud800',
    '',
    'a'.repeat(500),
  ]
  const counts = names.map((_, row) => names.map((_, column) => (row === column ? 3 : 1)))
  const classes = names.map((name, index) => ({ name, difference: 0.01 * index, interval: null }))
  for (const plot of [
    confusion({ classNames: names, counts }, 'light'),
    classDifference({ metric: 'F1', level: 0.95, classes }, 'dark'),
  ]) {
    const { svg, warnings, labels } = await read(plot)
    expect(warnings).toEqual([])
    expect(labels.y).toHaveLength(names.length)
    expect(labels.y).toContain('"] || datum["x')
    expect(svg).not.toContain('<script')
    expect(svg).not.toContain('<b>')
    expect(svg.isWellFormed()).toBe(true)
    expect(svg).not.toMatch(/(?![\t\n\r])\p{Cc}/u)
  }
})
