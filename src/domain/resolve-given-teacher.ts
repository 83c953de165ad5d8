/** A stored model as the teacher of a job: whether it can answer the rows of the job, and in its classes. */
import type { Dataset } from './dataset.ts'
import type { IssueList } from './issue-list.ts'
import type { Model, RecordedOutputs } from './model.ts'
import { type Shape, sameShape, showShape } from './network.ts'
import type { ResolvedMember } from './resolved-job.ts'

function checkInputShape(taken: Shape, dataset: Dataset, pointer: string, issues: IssueList): void {
  if (!sameShape(taken, dataset.inputShape))
    issues.add(
      pointer,
      'shape-mismatch',
      `the teacher takes rows of ${showShape(taken)}, the dataset has ${showShape(dataset.inputShape)}`,
    )
}

function checkClasses(teacher: Model, dataset: Dataset, pointer: string, issues: IssueList): void {
  if (teacher.classes !== dataset.classNames.length)
    issues.add(
      pointer,
      'classes-differ',
      `the teacher knows ${teacher.classes} classes, the dataset has ${dataset.classNames.length}`,
    )
  else if (teacher.classNames && teacher.classNames.join('\n') !== dataset.classNames.join('\n'))
    issues.add(
      pointer,
      'classes-differ',
      `the teacher's classes are ${teacher.classNames.join(', ')}; the dataset's ${dataset.classNames.join(', ')}`,
    )
}

/** Recorded outputs belong to rows by their place, so the content must be the very same. */
function checkRecorded(
  recorded: RecordedOutputs,
  dataset: Dataset,
  pointer: string,
  issues: IssueList,
): void {
  if (recorded.contentSha256 !== dataset.contentSha256)
    issues.add(
      pointer,
      'outputs-of-other-data',
      `the teacher's outputs were recorded for a dataset with contentSha256 ${recorded.contentSha256} (${recorded.rows} rows), but ${dataset.id} has ${dataset.contentSha256} (${dataset.rows} rows): record them for this dataset and upload them again`,
    )
}

function checkFits(
  teacher: Model,
  dataset: Dataset,
  testSet: Dataset | null,
  pointer: string,
  issues: IssueList,
): void {
  const { form } = teacher
  switch (form.kind) {
    case 'network':
      checkInputShape(form.network.inputShape, dataset, pointer, issues)
      return
    case 'onnx':
    case 'saved-model':
      checkInputShape(form.graph.inputShape, dataset, pointer, issues)
      return
    case 'outputs':
      checkRecorded(form.dataset, dataset, pointer, issues)
      if (!testSet) return
      if (form.testSet) checkRecorded(form.testSet, testSet, pointer, issues)
      else
        issues.add(
          pointer,
          'outputs-without-test-set',
          `the teacher's outputs cover the dataset only, but the job has the test set ${testSet.id}: upload them again with the test set's, or leave the test set out`,
        )
      return
  }
}

/** @param pointer of the id that named it */
export function resolveGivenTeacher(
  teacher: Model,
  dataset: Dataset,
  testSet: Dataset | null,
  pointer: string,
  issues: IssueList,
  notes: string[],
): ResolvedMember {
  checkFits(teacher, dataset, testSet, pointer, issues)
  checkClasses(teacher, dataset, pointer, issues)
  if (!teacher.classNames)
    notes.push(`${pointer}: its logits are taken to be in the order of the dataset’s classes`)
  return { kind: 'model', modelId: teacher.id, form: teacher.form }
}
