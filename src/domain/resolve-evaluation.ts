/** The part of a job that says which rows are held out, with every default filled in; and what is wrong with it. */
import type { Dataset } from './dataset.ts'
import type { Evaluation, EvaluationSpec, Split } from './evaluation.ts'
import type { IssueList } from './issue-list.ts'
import type { Model } from './model.ts'
import { sameShape, showShape } from './network.ts'
import { resolveGroups } from './resolve-groups.ts'

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
  notes: string[],
): Split {
  const stratified = spec.stratified ?? true
  const grouped = (parts: number, field: string) =>
    resolveGroups(spec, dataset, parts, `/evaluation/${field}`, issues, notes)
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
      foreign('repeats', 'k-fold')
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
      return { kind: 'holdout', fraction, stratified, seed, ...grouped(2, 'groups') }
    }
    case 'test-set':
      foreign('folds', 'k-fold')
      foreign('repeats', 'k-fold')
      foreign('heldOutFraction', 'holdout')
      foreign('stratified', 'k-fold or holdout')
      if (!spec.testSet)
        issues.add(
          '/evaluation/testSet',
          'test-set-missing',
          'protocol test-set needs a dataset id',
        )
      return { kind: 'none', ...grouped(1, 'groups') }
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
      const repeats = spec.repeats ?? 1
      return {
        kind: 'k-fold',
        folds,
        stratified,
        seed,
        ...(repeats > 1 ? { repeats } : {}),
        ...grouped(folds, 'folds'),
      }
    }
  }
}

/** Seconds are those of a training in the same job. */
function resolveControlBudget(
  { control = true, controlBudget = 'same-epochs', teacherPerFold }: EvaluationSpec,
  isTeacherGiven: boolean,
  issues: IssueList,
): Evaluation['controlBudget'] {
  const refuse = (message: string) =>
    issues.add('/evaluation/controlBudget', 'option-not-applicable', message)
  if (controlBudget === 'matched-seconds') {
    if (!control) refuse('there is no control: set `control` to true')
    if (teacherPerFold === 'cross-fit')
      refuse('the inner teachers of cross-fit are not counted: use retrain or frozen')
    if (isTeacherGiven)
      refuse('how long a given teacher was trained is not known: use `teacher.train`')
  }
  return controlBudget
}

export function resolveEvaluation(
  spec: EvaluationSpec,
  references: Measured,
  seed: number,
  issues: IssueList,
  notes: string[],
): Evaluation {
  const split = resolveSplit(spec, references.dataset, seed, issues, notes)
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
  if (teacher && spec.teacherPerFold === 'cross-fit')
    issues.add(
      '/evaluation/teacherPerFold',
      'teacher-cannot-be-retrained',
      'cross-fit trains teachers on parts of the rows, and a stored model is used as it is; give `teacher.train`',
      ['frozen'],
    )
  return {
    split,
    control: spec.control ?? true,
    controlBudget: resolveControlBudget(spec, isGiven, issues),
    teacherPerFold: spec.teacherPerFold ?? (isGiven ? 'frozen' : 'retrain'),
    ...resolveInnerFolds(spec, split, dataset, issues),
    testSet: testSet?.id ?? null,
  }
}

/** Null where rows are not kept in groups. */
const groupsToShare = (split: Split, dataset: Dataset): number | null =>
  split.grouped ? fewestTrainingRows(split, dataset.groups?.count ?? 0) : null

function resolveInnerFolds(
  spec: EvaluationSpec,
  split: Split,
  dataset: Dataset,
  issues: IssueList,
): { readonly innerFolds?: number } {
  if (spec.teacherPerFold !== 'cross-fit') {
    if (spec.innerFolds !== undefined)
      issues.add(
        '/evaluation/innerFolds',
        'option-not-applicable',
        '`innerFolds` belongs to `teacherPerFold` cross-fit',
      )
    return {}
  }
  const innerFolds = spec.innerFolds ?? 3
  const groups = groupsToShare(split, dataset)
  const rows = fewestTrainingRows(split, Math.min(...dataset.classCounts))
  if (groups !== null && innerFolds > groups)
    issues.add(
      '/evaluation/innerFolds',
      'parts-exceed-groups',
      `${innerFolds} inner folds, but a training has only about ${groups} groups, and none is divided`,
    )
  else if (groups === null && innerFolds > rows)
    issues.add(
      '/evaluation/innerFolds',
      'folds-exceed-class',
      `${innerFolds} inner folds, but the smallest class has only ${rows} rows in a training`,
    )
  return { innerFolds }
}

/** The fewest rows that any training of the job has; of a grouped split about so many. */
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
