import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import { VARIANTS } from '../../../src/domain/objective.ts'
import { dataset, issuesOf, references } from '../../support/specs.ts'

const folder = path.resolve(import.meta.dirname, '../../../examples')
const names = readdirSync(folder).filter((name) => /^digits.*\.json$/.test(name))
const digits = dataset({
  rows: 1797,
  classNames: [...'0123456789'],
  classCounts: [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
})

test('there is an example for every variant', () => {
  for (const variant of Object.keys(VARIANTS)) expect(names).toContain(`digits-${variant}.json`)
})

test.each(names)('%s is a job without mistakes', (name) => {
  const spec = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as JobSpec
  expect(issuesOf(spec, references({ dataset: digits }))).toEqual([])
})
