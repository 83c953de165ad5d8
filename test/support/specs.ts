/** A dataset and job specs that tests vary. */
import type { Dataset } from '../../src/domain/dataset.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import { type References, resolveJob } from '../../src/domain/resolve-job.ts'
import type { ResolvedJob } from '../../src/domain/resolved-job.ts'
import type { SpecIssue } from '../../src/domain/spec-issue.ts'
import { readKerasArchitecture } from '../../src/models/keras-architecture.ts'

export const dataset = (changes: Partial<Dataset> = {}): Dataset => ({
  id: 'ds_test',
  name: 'test',
  source: 'csv',
  rows: 100,
  inputShape: [8, 8, 1],
  classNames: ['a', 'b', 'c'],
  classCounts: [40, 40, 20],
  featureType: 'float32',
  contentSha256: 'c'.repeat(64),
  featuresSha256: 'f'.repeat(64),
  labelsSha256: '1'.repeat(64),
  groups: null,
  groupsSha256: null,
  sizeBytes: 26_000,
  profile: { minimum: 0, maximum: 1, mean: 0.5, standardDeviation: 0.1, featureNames: null },
  createdAt: new Date(0),
  ...changes,
})

export const spec = (changes: Partial<JobSpec> = {}): JobSpec => ({
  dataset: { id: 'ds_test' },
  teacher: { train: { architecture: { preset: 'lenet' } } },
  student: { architecture: { preset: 'mlp', hiddenUnits: [8] } },
  ...changes,
})

export const references = (changes: Partial<References> = {}): References => ({
  dataset: dataset(),
  testSet: null,
  teacher: null,
  ...changes,
})

export function resolved(given: JobSpec = spec(), refs: References = references()): ResolvedJob {
  const resolution = resolveJob(given, refs, readKerasArchitecture)
  if ('issues' in resolution) throw new Error(JSON.stringify(resolution.issues))
  return resolution.job
}

export function issuesOf(given: JobSpec, refs: References = references()): readonly SpecIssue[] {
  const resolution = resolveJob(given, refs, readKerasArchitecture)
  return 'issues' in resolution ? resolution.issues : []
}
