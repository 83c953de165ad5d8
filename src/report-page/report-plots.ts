/** Which plots a job has, made from its report and its learning curves. */
import type { ClassDifference as ReportedDifference } from '../domain/report/pooled.ts'
import type { Report } from '../domain/report/report.ts'
import { COMPARED_ARMS, type ComparedArm } from '../domain/words.ts'
import { classDifference } from '../plots/class-difference.ts'
import { confusion } from '../plots/confusion.ts'
import { type FoldAccuracy, foldAccuracy } from '../plots/fold-accuracy.ts'
import { learningCurves } from '../plots/learning-curves.ts'
import { pareto } from '../plots/pareto.ts'
import type { Plot } from '../plots/plot.ts'
import { type ArmReliability, reliability } from '../plots/reliability.ts'
import type { Theme } from '../plots/theme.ts'
import { curvesOf, type EpochRows } from './curves-of.ts'

export const PLOT_NAMES = [
  'learning-curves',
  'fold-accuracy',
  'class-difference',
  'confusion',
  'reliability',
  'pareto',
] as const
export type PlotName = (typeof PLOT_NAMES)[number]

export interface PlotSource {
  readonly report: Report
  /** Of all trainings of the job, in the order of epochs. */
  readonly epochs: EpochRows
}

export interface NamedPlot extends Plot {
  readonly name: PlotName
}

/** What is shown of all measured rows: the folds where there are any. */
export const pooledOf = ({ pooled }: Report) => pooled.folds ?? pooled.final

function foldPlot({ folds }: Report, theme: Theme): Plot | null {
  const parts: FoldAccuracy[] = folds.flatMap(({ fold, teacher, distilled, control }) => {
    if (teacher.accuracy === null || distilled.accuracy === null) return []
    return [
      {
        name: `fold ${fold}`,
        teacher: teacher.accuracy,
        distilled: distilled.accuracy,
        control: control?.accuracy ?? null,
      },
    ]
  })
  return parts.length === 0 ? null : foldAccuracy(parts, theme)
}

function classPlot(report: Report, theme: Theme): Plot | null {
  const differences: readonly ReportedDifference[] = pooledOf(report)?.gain?.perClass ?? []
  const classes = differences.flatMap(({ class: index, f1 }) => {
    if (f1.value === null) return []
    const interval = f1.interval && { lower: f1.interval.low, upper: f1.interval.high }
    return [{ name: report.dataset.classNames[index] ?? '', difference: f1.value, interval }]
  })
  if (classes.length === 0) return null
  return classDifference(
    { metric: 'F1', level: report.significance.confidenceLevel, classes },
    theme,
  )
}

function confusionPlot(report: Report, theme: Theme): Plot | null {
  const counts = pooledOf(report)?.arms.distilled.confusion.counts ?? null
  return counts && confusion({ classNames: report.dataset.classNames, counts }, theme)
}

function reliabilityPlot(report: Report, theme: Theme): Plot | null {
  const pooled = pooledOf(report)
  if (!pooled) return null
  const arms = COMPARED_ARMS.flatMap((arm: ComparedArm): ArmReliability[] => {
    const measured = pooled.arms[arm]
    const ece = measured?.metrics.ece.value ?? null
    if (!measured || ece === null) return []
    const bins = measured.reliability.flatMap(({ count, meanConfidence, accuracy }) =>
      meanConfidence === null || accuracy === null
        ? []
        : [{ rows: count, confidence: meanConfidence, accuracy }],
    )
    return [{ arm, ece, bins }]
  })
  return arms.length === 0
    ? null
    : reliability({ bins: pooled.arms.distilled.reliability.length, arms }, theme)
}

function paretoPlot({ arms }: Report, theme: Theme): Plot | null {
  const candidates = COMPARED_ARMS.flatMap((arm) => {
    const measured = arms[arm]
    const accuracy = measured?.metrics.accuracy.mean ?? null
    if (!measured || accuracy === null) return []
    return [
      {
        name: arm,
        arm,
        accuracy,
        standardDeviation: measured.metrics.accuracy.standardDeviation,
        weightBytes: measured.weightBytes,
        latencyMs: measured.latency?.batch1?.p50Ms ?? null,
      },
    ]
  })
  return pareto(candidates, theme)
}

function plotOf(name: PlotName, { report, epochs }: PlotSource, theme: Theme): Plot | null {
  switch (name) {
    case 'learning-curves': {
      const curves = curvesOf(epochs)
      return curves && learningCurves(curves, theme)
    }
    case 'fold-accuracy':
      return foldPlot(report, theme)
    case 'class-difference':
      return classPlot(report, theme)
    case 'confusion':
      return confusionPlot(report, theme)
    case 'reliability':
      return reliabilityPlot(report, theme)
    case 'pareto':
      return paretoPlot(report, theme)
  }
}

/** Those that the job has numbers for, in the order of {@link PLOT_NAMES}. */
export function reportPlots(source: PlotSource, theme: Theme): NamedPlot[] {
  return PLOT_NAMES.flatMap((name) => {
    const plot = plotOf(name, source, theme)
    return plot ? [{ ...plot, name }] : []
  })
}
