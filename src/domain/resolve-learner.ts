/** How a network is taught: its training and the terms that it is trained for, checked against who teaches it. */
import { checkAugmentation, checkTokensStay } from './check-augmentation.ts'
import {
  checkObjective,
  checkSource,
  checkStages,
  checkSuggestion,
  termPointers,
} from './check-objective.ts'
import { checkSchedules } from './check-schedules.ts'
import { checkTraining } from './check-training.ts'
import type { Dataset } from './dataset.ts'
import { innerValidation } from './inner-validation.ts'
import { needsTeacher } from './methods/job-methods.ts'
import type { Network } from './network.ts'
import {
  epochsOfStages,
  inStages,
  type Objective,
  resolveObjective,
  suggestionOf,
} from './objective.ts'
import { checkNoPeer } from './peer.ts'
import { placeMemories } from './place-memories.ts'
import { placeTaps } from './place-taps.ts'
import type { Learner } from './resolved-job.ts'
import type { Resolving } from './resolving.ts'
import { resolveTraining, type TrainingSpec } from './training.ts'

export interface LearnerSource {
  /** Null: there is none, for a reason that was told already. */
  readonly network: Network | null
  readonly training: TrainingSpec | undefined
  readonly objective: Objective | undefined
  readonly labelledFraction: number
  /** That its transfer set draws from. */
  readonly rows: Pick<Dataset, 'rows' | 'classCounts' | 'groups'>
}

export interface Teaching {
  /** Null: the teacher is no single network, or there is none. */
  readonly network: Network | null
  readonly isKnown: boolean
  /** Where the client wrote it. */
  readonly pointer: string
  /** A second student that is taught at the same time. */
  readonly isPeer?: boolean
}

/** With the epochs of the stages, where there are some. */
export function trainingSpecOf(
  training: TrainingSpec | undefined,
  objective: Objective | undefined,
): TrainingSpec | undefined {
  const epochs = epochsOfStages(objective)
  return epochs === null ? training : { ...training, epochs }
}

/** Pointers are those of a student: `/training` and `/objective`. */
export function resolveLearner(
  { network, training: spec, objective: asked, labelledFraction, rows }: LearnerSource,
  teacher: Teaching,
  { dataset, issues, notes, ...scene }: Resolving,
): Omit<Learner, 'network'> {
  const inner = innerValidation(spec, rows, scene.evaluation.split, labelledFraction)
  const { inputShape } = dataset
  const training = resolveTraining(trainingSpecOf(spec, asked), inner.trainedRows, inputShape)
  const pointerOf = termPointers(asked)
  const withTaps = placeTaps(
    resolveObjective(asked, training.epochs),
    {
      student: network,
      teacher: teacher.network,
      isTeacherKnown: teacher.isKnown,
      teacherPointer: teacher.pointer,
      pointerOf,
    },
    issues,
    notes,
  )
  const objective = placeMemories(
    withTaps,
    { trainedRows: inner.trainedRows, rows: dataset.rows, training, pointerOf },
    issues,
    notes,
  )
  const classes = dataset.classNames.length
  checkObjective(objective, { classes, batchSize: training.batchSize, pointerOf }, issues)
  const stages = inStages(asked, objective)
  if (stages) checkStages(stages, spec, issues)
  checkSource(asked, issues)
  const suggestWeights = suggestionOf(asked)
  if (suggestWeights)
    checkSuggestion(stages?.map((stage) => stage.objective) ?? [objective], issues)
  if (!teacher.isPeer) checkNoPeer(objective, pointerOf, issues)
  checkSchedules(asked, objective, stages, training.epochs, pointerOf, issues)
  checkTraining(training, inner, '/training', issues)
  checkAugmentation(spec, inputShape, '/training/augmentation', issues)
  const asksTeacher = objective.some(({ method }) => needsTeacher(method))
  if (asksTeacher && training.augmentation && teacher.isKnown && !teacher.network)
    issues.add(
      '/training/augmentation',
      'teacher-not-a-network',
      'the teacher has to answer each augmented row, which only a network of layers can while a student is trained: train without augmentation, or give the teacher as safetensors with its architecture',
    )
  const readers = asksTeacher ? [network, teacher.network] : [network]
  checkTokensStay(spec, readers, '/training/augmentation', issues)
  return {
    training,
    objective,
    ...(stages ? { stages } : {}),
    ...(suggestWeights ? { suggestWeights } : {}),
  }
}
