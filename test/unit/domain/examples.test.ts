import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { JobSpec } from '../../../src/domain/job-spec.ts'
import { NAMED_SCHEMAS } from '../../../src/domain/named-schemas.ts'
import { VARIANTS } from '../../../src/domain/objective.ts'
import { dataset, issuesOf, references } from '../../support/specs.ts'

const ajv = new Ajv({ allErrors: true, discriminator: true, strict: false })
for (const schema of NAMED_SCHEMAS) ajv.addSchema(schema)
const checkSpec = ajv.compile(JobSpec)
const schemaErrors = (spec: unknown) => (checkSpec(spec) ? [] : checkSpec.errors)

const folder = path.resolve(import.meta.dirname, '../../../examples')
const names = readdirSync(folder)
const ofDigits = names.filter((name) => /^digits.*\.json$/.test(name))
const ofMnist = names.filter((name) => /^(mnist.*|seed-framework)\.json$/.test(name))
const read = (name: string): JobSpec =>
  JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as JobSpec

const classNames = [...'0123456789']
const digits = dataset({
  rows: 1797,
  classNames,
  classCounts: [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
})
const mnist = dataset({
  id: 'ds_mnist_train',
  rows: 60_000,
  inputShape: [28, 28, 1],
  featureType: 'uint8',
  classNames,
  classCounts: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
})
const mnistTest = dataset({
  ...mnist,
  id: 'ds_mnist_test',
  rows: 10_000,
  classCounts: [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
  contentSha256: 'd'.repeat(64),
})

test.each(Object.keys(VARIANTS))(
  'there is an example for %s on each of both datasets',
  (variant) => {
    expect(ofDigits).toContain(`digits-${variant}.json`)
    expect(ofMnist).toContain(`mnist-${variant}.json`)
  },
)

test.each(ofDigits)('%s is a job without mistakes', (name) => {
  const spec = read(name)
  expect(schemaErrors(spec)).toEqual([])
  expect(issuesOf(spec, references({ dataset: digits }))).toEqual([])
})

test.each(ofMnist)('%s is a job without mistakes on data like MNIST', (name) => {
  const spec = read(name)
  expect(schemaErrors(spec)).toEqual([])
  // What is to be put in is the same everywhere, and nothing else is missing.
  const ids = [spec.dataset.id, spec.evaluation?.testSet?.id ?? 'ds_set_me']
  expect(ids).toEqual(['ds_set_me', 'ds_set_me'])
  const testSet = spec.evaluation?.testSet ? mnistTest : null
  expect(issuesOf(spec, references({ dataset: mnist, testSet }))).toEqual([])
})
