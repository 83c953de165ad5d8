/** Reports of small jobs whose networks answer as a test wants. */
import { Ajv } from 'ajv'
import { expect } from 'vitest'
import type { Evaluation, Split } from '../../../src/domain/evaluation.ts'
import { inferNetwork } from '../../../src/domain/infer-network.ts'
import type { LatencyRecord } from '../../../src/domain/latency.ts'
import type { Network } from '../../../src/domain/network.ts'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import { REPORT_SCHEMAS, type Report } from '../../../src/domain/report/report.ts'
import type { DatasetReference, ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { resolveTraining } from '../../../src/domain/training.ts'
import { partition } from '../../../src/splits/split.ts'
import { buildReport } from '../../../workers/evaluation/report.ts'
import type { MeasuredLogits, ReportTask, TrainingFile } from '../../../workers/trainer-contract.ts'

export function network(hidden: number): Network {
  const made = inferNetwork({ preset: 'mlp', hiddenUnits: [hidden] }, [2], 2, '')
  if (!('network' in made)) throw new Error(JSON.stringify(made))
  return made.network
}

export const dataset = (rows: number, name = 'toy'): DatasetReference => ({
  id: `ds_${name}`,
  name,
  contentSha256: name,
  rows,
  inputShape: [2],
  classNames: ['no', 'yes'],
  featureType: 'float32',
  featuresSha256: 'f',
  labelsSha256: 'l',
})

export const K_FOLD: Split = { kind: 'k-fold', folds: 2, stratified: true, seed: 1 }
export const HOLDOUT: Split = { kind: 'holdout', fraction: 0.25, stratified: true, seed: 1 }

/** Two classes in turn. */
export const labelsOf = (rows: number): Int32Array =>
  Int32Array.from({ length: rows }, (_, row) => row % 2)

const times = (p50Ms: number) => ({ p50Ms, p95Ms: 2 * p50Ms, runs: 200 })
export const LATENCY: LatencyRecord = {
  teacher: null,
  student: { batch1: times(0.25), batch64: times(1) },
  processor: 'one of some kind',
}

const ajv = new Ajv({ strict: false, schemas: REPORT_SCHEMAS })

export class Fixture {
  readonly files = new Map<string, Uint8Array>()
  readonly logits: MeasuredLogits[] = []
  readonly validations: TrainingFile[] = []
  readonly curves: TrainingFile[] = []
  groupsPath?: string
  readonly suggestions: { fold: number | null; path: string }[] = []
  readonly labels: Int32Array
  readonly job: ResolvedJob

  constructor(rows: number, evaluation: Partial<Evaluation> & { split: Split }, testRows = 0) {
    this.labels = labelsOf(rows)
    this.put('labels', this.labels)
    if (testRows > 0) this.put('test-labels', labelsOf(testRows))
    this.job = {
      name: null,
      dataset: dataset(rows),
      testSet: testRows > 0 ? dataset(testRows, 'other') : null,
      teacher: { kind: 'train', network: network(8), training: resolveTraining({}, 40) },
      student: { network: network(3), training: resolveTraining({}, 40) },
      objective: LABELS_ONLY,
      transfer: { labelledFraction: 0.5 },
      preprocessing: { normalization: 'standardize' },
      evaluation: {
        control: true,
        controlBudget: 'same-epochs',
        teacherPerFold: 'retrain',
        testSet: null,
        ...evaluation,
      },
      seed: 9,
      notes: [],
    }
  }

  put(path: string, values: Int32Array | Float32Array): void {
    this.files.set(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  }

  /** Logits that are right but for the first `wrong` rows of each class of the given ones. */
  answer(entry: Omit<MeasuredLogits, 'path'>, labels: readonly number[], wrong: number): void {
    const seen = [0, 0]
    const values = labels.flatMap((label) => {
      const nth = seen[label] ?? 0
      seen[label] = nth + 1
      const says = nth < wrong ? 1 - label : label
      return says === 0 ? [1, 0] : [0, 1]
    })
    const path = [
      entry.arm,
      ...(entry.index === undefined ? [] : [entry.index]),
      entry.fold,
      entry.covers,
    ].join('/')
    this.put(path, Float32Array.from(values))
    this.logits.push({ ...entry, path })
  }

  heldOut(fold: number | null): number[] {
    const { heldOut } = partition(this.job.evaluation.split, this.labels, fold)
    return Array.from(heldOut, (row) => this.labels[row] ?? -1)
  }

  build(change: Partial<ResolvedJob> = {}, more: Partial<ReportTask> = {}): Report {
    const task: ReportTask = {
      kind: 'report',
      job: { ...this.job, ...change },
      labelsPath: 'labels',
      ...(this.groupsPath === undefined ? {} : { groupsPath: this.groupsPath }),
      testLabelsPath: this.files.has('test-labels') ? 'test-labels' : null,
      logits: this.logits,
      validations: this.validations,
      curves: this.curves,
      latencyPath: 'latency',
      suggestions: this.suggestions,
      outputDirectory: 'unused',
      ...more,
    }
    this.files.set('latency', new TextEncoder().encode(JSON.stringify(LATENCY)))
    const report = buildReport(task, (path) => {
      const bytes = this.files.get(path)
      if (!bytes) throw new Error(`no file ${path}`)
      return bytes
    })
    expect(ajv.validate('Report', report), JSON.stringify(ajv.errors)).toBe(true)
    return report
  }
}
