import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { METRIC_NAMES } from '../../../src/domain/report/metrics.ts'
import { Report } from '../../../src/domain/report/report.ts'
import { ROOT, readText, tableRows } from './support.ts'

const page = readText('docs/report.md')
const namesIn = (header: string): string[] =>
  tableRows(page, header).flatMap(([cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )

test('the table of metrics has every metric, in the order of the code', () => {
  expect(namesIn('| Metric |')).toEqual(METRIC_NAMES)
})

test('the table of warnings has every code that the report can give', () => {
  const folder = 'workers/evaluation/report'
  const codes = readdirSync(path.join(ROOT, folder)).flatMap((file) =>
    [...readText(path.join(folder, file)).matchAll(/code: '([a-z-]+)'/g)].map(([, code]) => code),
  )
  expect(namesIn('| Code |').toSorted()).toEqual([...new Set(codes)].toSorted())
})

test('every field of the report is explained, but what it is about', () => {
  const explained = namesIn('| Field |').map((name) => name.replace('.*', ''))
  const fields = Object.keys(Report.properties)
  expect(explained.toSorted()).toEqual(
    fields.filter((name) => !['version', 'dataset', 'evaluation'].includes(name)).toSorted(),
  )
})
