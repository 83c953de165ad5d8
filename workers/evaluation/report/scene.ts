/** What a report is made from: the task, its files and the labels. */
import type { ReportTask } from '../../trainer-contract.ts'
import { type ReadFile, readLabels } from '../logits-store.ts'
import { MeasurementError } from '../measurement-error.ts'

export interface Scene {
  readonly task: ReportTask
  readonly read: ReadFile
  /** Of the dataset. */
  readonly labels: Int32Array
  /** Of the dataset; null where the split does not ask for them. */
  readonly groups: Int32Array | null
  /** Null without a test set. */
  readonly testLabels: Int32Array | null
}

function readTestLabels({ job, testLabelsPath }: ReportTask, read: ReadFile): Int32Array | null {
  if (job.testSet === null) return null
  const { classNames } = job.testSet
  if (JSON.stringify(classNames) !== JSON.stringify(job.dataset.classNames))
    throw new MeasurementError('classes-differ', 'dataset and test set have not the same classes')
  if (testLabelsPath === null)
    throw new MeasurementError('labels-size', 'the labels of the test set are missing')
  return readLabels(read, testLabelsPath, job.testSet.rows)
}

/** @throws MeasurementError when labels are missing or not as many as rows */
export const openScene = (task: ReportTask, read: ReadFile): Scene => ({
  task,
  read,
  labels: readLabels(read, task.labelsPath, task.job.dataset.rows),
  groups:
    task.groupsPath === undefined ? null : readLabels(read, task.groupsPath, task.job.dataset.rows),
  testLabels: readTestLabels(task, read),
})
