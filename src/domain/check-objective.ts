/** Whether the terms of an objective make sense for a dataset and a training. */
import type { IssueList } from './issue-list.ts'
import { cardOf, readsFeatures } from './methods/job-methods.ts'
import type { Objective, ResolvedTerm, Stage } from './objective.ts'
import { isWithoutWeight } from './term-schedule.ts'
import type { TrainingSpec } from './training.ts'

/** JSON pointer of a term by its place, or of a field of it such as `/method`. */
export type TermPointer = (index: number, field?: string) => string

/** JSON pointers of terms: of a variant's, where they came from. */
export const termPointers =
  (spec: Objective | undefined): TermPointer =>
  (index: number, field = ''): string => {
    if (spec?.terms) return `/objective/terms/${index}${field}`
    if (spec?.stages) {
      let place = index
      for (const [stage, { terms }] of spec.stages.entries()) {
        if (place < terms.length) return `/objective/stages/${stage}/terms/${place}${field}`
        place -= terms.length
      }
    }
    return spec?.variant ? '/objective/variant' : '/objective'
  }

/** Terms come from one place only. */
export function checkSource(spec: Objective | undefined, issues: IssueList): void {
  const given = (['terms', 'variant', 'stages'] as const).filter((name) => spec?.[name])
  if (given.length > 1)
    issues.add('/objective', 'choose-one', `give one of ${given.join(', ')}`, given)
}

/** There have to be terms whose gradients can be compared. */
export function checkSuggestion(
  parts: readonly (readonly ResolvedTerm[])[],
  issues: IssueList,
): void {
  if (parts.some((terms) => terms.filter((term) => !isWithoutWeight(term)).length > 1)) return
  issues.add(
    '/objective/suggestWeights',
    'option-not-applicable',
    'weights are suggested for terms that are trained for together, of which there must be two',
  )
}

/** What stages ask of the rest of a training. */
export function checkStages(
  stages: readonly Stage[],
  training: TrainingSpec | undefined,
  issues: IssueList,
): void {
  const { epochs, earlyStopping, warmupEpochs = 0 } = training ?? {}
  const sum = stages.reduce((total, stage) => total + stage.epochs, 0)
  if (epochs !== undefined && epochs !== sum)
    issues.add(
      '/training/epochs',
      'epochs-differ',
      `the stages have ${sum} epochs together; leave \`epochs\` out, or give that number`,
      [sum],
    )
  if (earlyStopping)
    issues.add(
      '/training/earlyStopping',
      'option-not-applicable',
      'stages have a fixed number of epochs: train without early stopping',
    )
  for (const [index, stage] of stages.entries()) {
    if (stage.objective.every(isWithoutWeight))
      issues.add(
        `/objective/stages/${index}/terms`,
        'objective-is-zero',
        'every weight is 0: nothing would be learned',
      )
    if (warmupEpochs > stage.epochs)
      issues.add(
        '/training/warmupEpochs',
        'warmup-exceeds-epochs',
        `a warm-up of ${warmupEpochs} epochs, but stage ${index} has only ${stage.epochs}`,
      )
  }
}

/** Angles of all triples of a batch of this size take 64 MiB, several times over. */
const MOST_ROWS_OF_TRIPLES = 256

interface Circumstances {
  readonly classes: number
  readonly batchSize: number
  readonly pointerOf: TermPointer
}

export function checkObjective(
  objective: readonly ResolvedTerm[],
  { classes, batchSize, pointerOf }: Circumstances,
  issues: IssueList,
): void {
  if (objective.every(isWithoutWeight))
    issues.add(
      '/objective/terms',
      'objective-is-zero',
      'every weight is 0: nothing would be learned',
    )
  else if (objective.every((term) => isWithoutWeight(term) || readsFeatures(term.method)))
    issues.add(
      pointerOf(0),
      'logits-not-trained',
      'no term with a weight above 0 reads the logits, so the last layer would stay as it starts; add hard-labels or soft-targets',
    )
  for (const [index, { method }] of objective.entries()) {
    const { minimumClasses, minimumBatch } = cardOf(method)
    if (classes < minimumClasses)
      issues.add(
        pointerOf(index, '/method'),
        'too-few-classes',
        `${method} needs ${minimumClasses} classes or more, the dataset has ${classes}; use soft-targets`,
      )
    if (batchSize < minimumBatch)
      issues.add(
        '/training/batchSize',
        'batch-too-small',
        `${method} compares the rows of a batch: it needs ${minimumBatch} rows or more, not ${batchSize}`,
      )
    if (method === 'relational' && batchSize > MOST_ROWS_OF_TRIPLES)
      issues.add(
        '/training/batchSize',
        'batch-too-large',
        `relational compares all triples of a batch, which is batchSize³ numbers: at most ${MOST_ROWS_OF_TRIPLES} rows, not ${batchSize}`,
      )
  }
}
