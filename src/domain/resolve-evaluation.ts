/** The part of a job that says which rows are held out, with every default filled in; and what is wrong with it. */
import type { Dataset } from './dataset.ts'
import type { Evaluation, EvaluationSpec, Split } from './evaluation.ts'
import type { IssueList } from './issue-list.ts'
import type { Model } from './model.ts'
import { sameShape, showShape } from './network.ts'

/** What the evaluation of a job refers to. */
interface Measured {
  readonly dataset: Dataset
  readonly testSet: Dataset | null
  readonly teacher: Model | null
  /** Of an ensemble; null where the job trains the member. */
  readonly members?: readonly (Model | null)[]
}

function resolveSplit(
  spec: EvaluationSpec,
  dataset: Dataset,
  seed: number,
  issues: IssueList,
): Split {
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

export function resolveEvaluation(
  spec: EvaluationSpec,
  references: Measured,
  seed: number,
  issues: IssueList,
): Evaluation {
  const split = resolveSplit(spec, references.dataset, seed, issues)
  const { dataset, testSet, teacher, members = [] } = references
  const isGiven = teacher !== null || (members.length > 0 && members.every(Boolean))
  if (testSet) {
    if (!sameShape(testSet.inputShape, dataset.inputShape))
      issues.add(
        '/evaluation/testSet/id',
        'shape-mismatch',
        `rows of ${testSet.id} are ${showShape(testSet.inputShape)}, those of ${dataset.id} ${showShape(dataset.inputShape)}`,
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
  if (isGiven && spec.teacherPerFold === 'retrain')
    issues.add(
      '/evaluation/teacherPerFold',
      'teacher-cannot-be-retrained',
      'a stored model is used as it is; give `teacher.train` to retrain a teacher in every fold',
      ['frozen'],
    )
  return {
    split,
    control: spec.control ?? true,
    teacherPerFold: spec.teacherPerFold ?? (isGiven ? 'frozen' : 'retrain'),
    testSet: testSet?.id ?? null,
  }
}

/** The fewest rows that any training of the job has. */
export function fewestTrainingRows(split: Split, rows: number): number {
  switch (split.kind) {
    case 'k-fold':
      return rows - Math.ceil(rows / split.folds)
    case 'holdout':
      return rows - Math.round(rows * split.fraction)
    case 'none':
      return rows
  }
}
