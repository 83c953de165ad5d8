import { expect, test } from 'vitest'
import { curvesOf } from '../../../src/report-page/curves-of.ts'
import { PLOT_NAMES, reportPlots } from '../../../src/report-page/report-plots.ts'
import { sampleEpochs, sampleReport } from '../../support/sample-report.ts'

const names = (report = sampleReport(), epochs = sampleEpochs()): string[] =>
  reportPlots({ report, epochs }, 'light').map(({ name }) => name)

test('a job with everything has every plot, in both themes', () => {
  expect(names()).toEqual(PLOT_NAMES)
  const [light, dark] = (['light', 'dark'] as const).map((theme) =>
    reportPlots({ report: sampleReport(), epochs: sampleEpochs() }, theme),
  )
  expect(dark?.map(({ description }) => description)).toEqual(
    light?.map(({ description }) => description),
  )
  expect(dark?.map(({ spec }) => spec)).not.toEqual(light?.map(({ spec }) => spec))
})

test('specifications survive JSON, and name their schema', () => {
  for (const { spec } of reportPlots({ report: sampleReport(), epochs: sampleEpochs() }, 'light')) {
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec)
    expect(spec.$schema).toBe('https://vega.github.io/schema/vega-lite/v6.json')
  }
})

test('what was not measured is not drawn', () => {
  expect(names(sampleReport(), [])).not.toContain('learning-curves')
  expect(names(sampleReport({ folds: [] }))).not.toContain('fold-accuracy')
  const pooled = { folds: null, final: null }
  expect(names(sampleReport({ pooled }))).toEqual(['learning-curves', 'fold-accuracy', 'pareto'])
})

test('curves are of validation rows where every epoch has them, else of training rows', () => {
  const epochs = sampleEpochs(3)
  const validated = epochs.map((row) => ({
    ...row,
    values: { ...(row.values as object), validationAccuracy: 0.5, validationLoss: 1 },
  }))
  expect(curvesOf(epochs)?.measure).toBe('trainAccuracy')
  expect(curvesOf(validated)?.measure).toBe('validationAccuracy')
  expect(curvesOf([...validated.slice(1), ...epochs.slice(0, 1)])?.measure).toBe('trainAccuracy')
  const blind = epochs.map((row) => ({ ...row, values: { epoch: 1, trainAccuracy: null } }))
  expect(curvesOf(blind)).toBeNull()
})

test('curves are of students in folds; the final counts where there are no folds', () => {
  const epochs = sampleEpochs(3)
  const final = epochs
    .filter(({ fold }) => fold === 0)
    .map((row) => ({ ...row, fold: null, task: `${row.arm}/final` }))
  const teacher = epochs.map((row) => ({ ...row, arm: 'teacher' as const, task: 'teacher/fold-0' }))
  const all = curvesOf([...epochs, ...final, ...teacher])
  expect(all?.curves.map(({ arm }) => arm)).toEqual([
    'distilled',
    'control',
    'distilled',
    'control',
  ])
  expect(curvesOf([...final, ...teacher])?.curves).toHaveLength(2)
})
