/**
 * From what a client sent, and the things it refers to, to a job without open questions; or to everything that is wrong
 * with it. Pure: whoever calls it has looked the references up.
 */
import type { Dataset } from './dataset.ts'
import type { Evaluation, EvaluationSpec, Split } from './evaluation.ts'
import { inferNetwork } from './infer-network.ts'
import type { JobSpec } from './job-spec.ts'
import type { Model } from './model.ts'
import type { Network } from './network.ts'
import { METHODS, resolveObjective } from './objective.ts'
import type { DatasetReference, ResolvedJob, ResolvedTeacher } from './resolved-job.ts'
import type { SpecIssue } from './spec-issue.ts'
import { resolveTraining, type Training } from './training.ts'

export interface References {
  readonly dataset: Dataset
  readonly testSet: Dataset | null
  readonly teacher: Model | null
}

export type Resolution = { readonly job: ResolvedJob } | { readonly issues: readonly SpecIssue[] }

const reference = (dataset: Dataset): DatasetReference => ({
  id: dataset.id,
  name: dataset.name,
  contentSha256: dataset.contentSha256,
  rows: dataset.rows,
  inputShape: dataset.inputShape,
  classNames: dataset.classNames,
  featureType: dataset.featureType,
  featuresSha256: dataset.featuresSha256,
  labelsSha256: dataset.labelsSha256,
})

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((side, axis) => side === b[axis])
const show = (shape: readonly number[]): string => `[${shape.join(', ')}]`

class Issues {
  readonly found: SpecIssue[] = []
  add(
    pointer: string,
    code: string,
    message: string,
    allowed?: readonly (string | number)[],
  ): void {
    this.found.push({ pointer, code, message, ...(allowed ? { allowed } : {}) })
  }
}

function resolveSplit(spec: EvaluationSpec, dataset: Dataset, seed: number, issues: Issues): Split {
  const stratified = spec.stratified ?? true
  const smallest = Math.min(...dataset.classCounts)
  const smallestName = dataset.classNames[dataset.classCounts.indexOf(smallest)] ?? ''
  const foreign = (field: keyof EvaluationSpec, protocol: string) => {
    if (spec[field] !== undefined)
      issues.add(
        `/evaluation/${field}`,
        'option-not-applicable',
        `\`${field}\` belongs to protocol ${protocol}`,
      )
  }
  switch (spec.protocol ?? 'k-fold') {
    case 'holdout': {
      foreign('folds', 'k-fold')
      if (spec.testSet)
        issues.add(
          '/evaluation/testSet',
          'option-not-applicable',
          'holdout measures on the part it keeps back; use protocol test-set or k-fold with a test set',
        )
      const fraction = spec.heldOutFraction ?? 0.2
      if (stratified && smallest < 2)
        issues.add(
          '/evaluation/stratified',
          'class-too-small',
          `class ${smallestName} has ${smallest} row: a stratified holdout needs 2 in every class`,
        )
      if (
        Math.round(dataset.rows * fraction) < 1 ||
        Math.round(dataset.rows * fraction) >= dataset.rows
      )
        issues.add(
          '/evaluation/heldOutFraction',
          'part-is-empty',
          `${fraction} of ${dataset.rows} rows leaves one part empty`,
        )
      return { kind: 'holdout', fraction, stratified, seed }
    }
    case 'test-set':
      foreign('folds', 'k-fold')
      foreign('heldOutFraction', 'holdout')
      foreign('stratified', 'k-fold or holdout')
      if (!spec.testSet)
        issues.add(
          '/evaluation/testSet',
          'test-set-missing',
          'protocol test-set needs a dataset id',
        )
      return { kind: 'none' }
    default: {
      foreign('heldOutFraction', 'holdout')
      const folds = spec.folds ?? 5
      if (stratified && folds > smallest)
        issues.add(
          '/evaluation/folds',
          'folds-exceed-class',
          `${folds} folds, but class ${smallestName} has only ${smallest} rows: at most ${smallest} stratified folds`,
        )
      else if (folds > dataset.rows)
        issues.add('/evaluation/folds', 'folds-exceed-rows', `at most ${dataset.rows} folds`)
      return { kind: 'k-fold', folds, stratified, seed }
    }
  }
}

function resolveEvaluation(
  spec: EvaluationSpec,
  references: References,
  seed: number,
  issues: Issues,
): Evaluation {
  const split = resolveSplit(spec, references.dataset, seed, issues)
  const { dataset, testSet, teacher } = references
  if (testSet) {
    if (!sameShape(testSet.inputShape, dataset.inputShape))
      issues.add(
        '/evaluation/testSet/id',
        'shape-mismatch',
        `rows of ${testSet.id} are ${show(testSet.inputShape)}, those of ${dataset.id} ${show(dataset.inputShape)}`,
      )
    if (testSet.featureType !== dataset.featureType)
      issues.add(
        '/evaluation/testSet/id',
        'type-mismatch',
        `values of ${testSet.id} are ${testSet.featureType}, those of ${dataset.id} ${dataset.featureType}`,
      )
    if (testSet.classNames.join('\n') !== dataset.classNames.join('\n'))
      issues.add(
        '/evaluation/testSet/id',
        'classes-differ',
        `classes of ${testSet.id} are not those of ${dataset.id}: ${testSet.classNames.slice(0, 20).join(', ')}`,
      )
  }
  if (teacher && spec.teacherPerFold === 'retrain')
    issues.add(
      '/evaluation/teacherPerFold',
      'teacher-cannot-be-retrained',
      'a stored model is used as it is; give `teacher.train` to retrain a teacher in every fold',
      ['frozen'],
    )
  return {
    split,
    control: spec.control ?? true,
    teacherPerFold: spec.teacherPerFold ?? (teacher ? 'frozen' : 'retrain'),
    testSet: testSet?.id ?? null,
  }
}

function resolveTeacher(
  spec: JobSpec,
  { dataset, teacher }: References,
  rows: number,
  issues: Issues,
  notes: string[],
): ResolvedTeacher | null {
  if (teacher) {
    if (!sameShape(teacher.network.inputShape, dataset.inputShape))
      issues.add(
        '/teacher/model',
        'shape-mismatch',
        `the teacher takes rows of ${show(teacher.network.inputShape)}, the dataset has ${show(dataset.inputShape)}`,
      )
    if (teacher.classes !== dataset.classNames.length)
      issues.add(
        '/teacher/model',
        'classes-differ',
        `the teacher knows ${teacher.classes} classes, the dataset has ${dataset.classNames.length}`,
      )
    else if (teacher.classNames && teacher.classNames.join('\n') !== dataset.classNames.join('\n'))
      issues.add(
        '/teacher/model',
        'classes-differ',
        `the teacher's classes are ${teacher.classNames.join(', ')}; the dataset's ${dataset.classNames.join(', ')}`,
      )
    if (!teacher.classNames)
      notes.push('/teacher/model: its logits are taken to be in the order of the dataset’s classes')
    return {
      kind: 'model',
      modelId: teacher.id,
      weightsSha256: teacher.files.safetensors?.sha256 ?? '',
      network: teacher.network,
      normalization: teacher.normalization,
    }
  }
  if (!spec.teacher.train) return null
  const network = networkFor(
    spec.teacher.train.architecture,
    dataset,
    '/teacher/train',
    issues,
    notes,
  )
  return network
    ? { kind: 'train', network, training: resolveTraining(spec.teacher.train.training, rows) }
    : null
}

function networkFor(
  architecture: JobSpec['student']['architecture'],
  dataset: Dataset,
  pointer: string,
  issues: Issues,
  notes: string[],
): Network | null {
  const inference = inferNetwork(
    architecture,
    dataset.inputShape,
    dataset.classNames.length,
    `${pointer}/architecture`,
  )
  if ('issues' in inference) {
    issues.found.push(...inference.issues)
    return null
  }
  notes.push(...inference.notes)
  return inference.network
}

/** The fewest rows that any training of the job has. */
function fewestTrainingRows(split: Split, rows: number): number {
  switch (split.kind) {
    case 'k-fold':
      return rows - Math.ceil(rows / split.folds)
    case 'holdout':
      return rows - Math.round(rows * split.fraction)
    case 'none':
      return rows
  }
}

function checkBatch(training: Training, rows: number, pointer: string, issues: Issues): void {
  if (training.batchSize > rows)
    issues.add(
      `${pointer}/batchSize`,
      'batch-exceeds-rows',
      `a batch of ${training.batchSize} rows, but a training has only ${rows}`,
    )
}

export function resolveJob(spec: JobSpec, references: References): Resolution {
  const issues = new Issues()
  const notes: string[] = []
  const { dataset, testSet } = references
  const seed = spec.seed ?? 42
  const evaluation = resolveEvaluation(spec.evaluation ?? {}, references, seed, issues)
  const rows = fewestTrainingRows(evaluation.split, dataset.rows)
  const teacher = resolveTeacher(spec, references, rows, issues, notes)
  const student = networkFor(spec.student.architecture, dataset, '/student', issues, notes)
  const training = resolveTraining(spec.training, rows)
  const objective = resolveObjective(spec.objective)
  if (objective.every((term) => term.weight === 0))
    issues.add(
      '/objective/terms',
      'objective-is-zero',
      'every weight is 0: nothing would be learned',
    )
  const labelledFraction = spec.transfer?.labelledFraction ?? 1
  if (
    labelledFraction < 1 &&
    objective.every((term) => term.weight === 0 || METHODS[term.method].needsLabels)
  )
    notes.push('/transfer/labelledFraction: no term uses the rows without labels')
  checkBatch(training, rows, '/training', issues)
  if (teacher?.kind === 'train')
    checkBatch(teacher.training, rows, '/teacher/train/training', issues)

  if (issues.found.length > 0 || !teacher || !student) return { issues: issues.found }
  return {
    job: {
      name: spec.name ?? null,
      dataset: reference(dataset),
      testSet: testSet ? reference(testSet) : null,
      teacher,
      student: { network: student, training },
      objective,
      transfer: { labelledFraction },
      preprocessing: { normalization: spec.preprocessing?.normalization ?? 'standardize' },
      evaluation,
      seed,
      notes,
    },
  }
}
