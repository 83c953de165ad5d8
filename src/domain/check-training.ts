/** Whether a training fits the rows that it has. */
import type { InnerValidation } from './inner-validation.ts'
import type { IssueList } from './issue-list.ts'
import type { Training } from './training.ts'

/** @param pointer of the training */
export function checkTraining(
  training: Training,
  { trainedRows: rows, isEmpty }: InnerValidation,
  pointer: string,
  issues: IssueList,
): void {
  if (isEmpty)
    issues.add(
      `${pointer}/validationFraction`,
      'validation-split-empty',
      'no row can be set aside for validation: no class has 2 training rows with a usable label; train without early stopping, or with more labelled rows',
    )
  const { batchSize, optimizer, epochs, warmupEpochs } = training
  if (batchSize > rows)
    issues.add(
      `${pointer}/batchSize`,
      'batch-exceeds-rows',
      `a batch of ${batchSize} rows, but a training has only ${rows}`,
    )
  if (optimizer.name === 'sgd' && optimizer.nesterov && optimizer.momentum === 0)
    issues.add(
      `${pointer}/optimizer/nesterov`,
      'option-not-applicable',
      'Nesterov needs a `momentum` above 0',
    )
  if (warmupEpochs > epochs)
    issues.add(
      `${pointer}/warmupEpochs`,
      'warmup-exceeds-epochs',
      `a warm-up of ${warmupEpochs} epochs, but the training has only ${epochs}`,
    )
}
