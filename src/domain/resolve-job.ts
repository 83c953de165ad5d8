/**
 * From what a client sent, and the things it refers to, to a job without open questions; or to everything that is wrong
 * with it. Pure: whoever calls it has looked the references up.
 */

import { checkAugmentation, checkTokensStay } from './check-augmentation.ts'
import { checkCrossFit } from './check-cross-fit.ts'
import {
  checkObjective,
  checkSource,
  checkStages,
  checkSuggestion,
  termPointers,
} from './check-objective.ts'
import { checkSchedules } from './check-schedules.ts'
import type { Dataset } from './dataset.ts'
import { type InnerValidation, innerValidation } from './inner-validation.ts'
import { IssueList } from './issue-list.ts'
import type { JobSpec } from './job-spec.ts'
import type { KerasReader } from './keras-reader.ts'
import { needsLabels, needsTeacher } from './methods/job-methods.ts'
import type { Model } from './model.ts'
import type { Network } from './network.ts'
import { epochsOfStages, inStages, resolveObjective, suggestionOf } from './objective.ts'
import { checkNoPeer, checkPeer, objectiveWithPeer } from './peer.ts'
import { placeMemories } from './place-memories.ts'
import { placeTaps } from './place-taps.ts'
import { resolveArchitecture } from './resolve-architecture.ts'
import { resolveEvaluation } from './resolve-evaluation.ts'
import { resolveGivenTeacher } from './resolve-given-teacher.ts'
import { checkTokens, resolveNormalization, tokensPointer } from './resolve-tokens.ts'
import { resolveTransfer, transferRows } from './resolve-transfer.ts'
import type { DatasetReference, ResolvedJob, ResolvedTeacher } from './resolved-job.ts'
import type { SpecIssue } from './spec-issue.ts'
import { isWithoutWeight } from './term-schedule.ts'
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
  ...(dataset.groups && dataset.groupsSha256
    ? {
        groups: {
          column: dataset.groups.column,
          count: dataset.groups.count,
          sha256: dataset.groupsSha256,
        },
      }
    : {}),
})

function resolveTeacher(
  spec: JobSpec,
  { dataset, testSet, teacher }: References,
  inner: InnerValidation,
  readKeras: KerasReader,
  issues: IssueList,
  notes: string[],
): ResolvedTeacher | null {
  if (teacher) return resolveGivenTeacher(teacher, dataset, testSet, issues, notes)
  if (!spec.teacher.train) return null
  const network = networkFor(
    spec.teacher.train.architecture,
    dataset,
    '/teacher/train',
    readKeras,
    issues,
    notes,
  )
  return network
    ? {
        kind: 'train',
        network,
        training: resolveTraining(
          spec.teacher.train.training,
          inner.trainedRows,
          dataset.inputShape,
        ),
      }
    : null
}

function resolvePeer(
  { architecture }: NonNullable<JobSpec['teacher']['peer']>,
  student: Network | null,
  dataset: Dataset,
  readKeras: KerasReader,
  issues: IssueList,
  notes: string[],
): ResolvedTeacher | null {
  const network = architecture
    ? networkFor(architecture, dataset, '/teacher/peer', readKeras, issues, notes)
    : student
  return network && { kind: 'peer', network }
}

function networkFor(
  architecture: JobSpec['student']['architecture'],
  dataset: Dataset,
  pointer: string,
  readKeras: KerasReader,
  issues: IssueList,
  notes: string[],
): Network | null {
  const inference = resolveArchitecture(
    architecture,
    dataset.inputShape,
    dataset.classNames.length,
    `${pointer}/architecture`,
    readKeras,
  )
  if ('issues' in inference) {
    issues.found.push(...inference.issues)
    return null
  }
  notes.push(...inference.notes)
  return inference.network
}

/** Null: a given teacher that is no network. */
function networkOf(teacher: ResolvedTeacher): Network | null {
  if (teacher.kind !== 'model') return teacher.network
  return teacher.form.kind === 'network' ? teacher.form.network : null
}

function checkTraining(
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

export function resolveJob(
  spec: JobSpec,
  references: References,
  readKeras: KerasReader,
): Resolution {
  const issues = new IssueList()
  const notes: string[] = []
  const { dataset, testSet } = references
  const seed = spec.seed ?? 42
  const evaluation = resolveEvaluation(spec.evaluation ?? {}, references, seed, issues, notes)
  const labelledFraction = spec.transfer?.labelledFraction ?? 1
  const { split } = evaluation
  const ofStudent = { ...dataset, ...transferRows(dataset, spec.transfer) }
  const inner = innerValidation(spec.training, ofStudent, split, labelledFraction)
  const innerOfTeacher = innerValidation(spec.teacher.train?.training, dataset, split, 1)
  const given = resolveTeacher(spec, references, innerOfTeacher, readKeras, issues, notes)
  const student = networkFor(
    spec.student.architecture,
    dataset,
    '/student',
    readKeras,
    issues,
    notes,
  )
  const teacher = spec.teacher.peer
    ? resolvePeer(spec.teacher.peer, student, dataset, readKeras, issues, notes)
    : given
  const transfer = resolveTransfer(spec.transfer, dataset, student, issues)
  const { train, peer } = spec.teacher
  const place = `/teacher/${train ? 'train' : 'peer'}/architecture`
  const ofTeacher = train?.architecture ?? peer?.architecture
  const teacherPlace = ofTeacher ? tokensPointer(ofTeacher, place) : '/teacher/model'
  checkTokens(teacher && networkOf(teacher), references, teacherPlace, issues)
  const studentPlace = tokensPointer(spec.student.architecture, '/student/architecture')
  checkTokens(student, references, studentPlace, issues)
  const trained = [student, teacher && teacher.kind !== 'model' ? teacher.network : null]
  const normalization = resolveNormalization(
    spec.preprocessing?.normalization,
    trained,
    issues,
    notes,
  )
  const epochs = epochsOfStages(spec.objective)
  const training = resolveTraining(
    epochs === null ? spec.training : { ...spec.training, epochs },
    inner.trainedRows,
    dataset.inputShape,
  )
  const withTaps = placeTaps(
    resolveObjective(peer ? objectiveWithPeer(spec.objective) : spec.objective, training.epochs),
    {
      student,
      teacher: teacher && networkOf(teacher),
      isTeacherKnown: teacher !== null,
      pointerOf: termPointers(spec.objective),
    },
    issues,
    notes,
  )
  const objective = placeMemories(
    withTaps,
    {
      trainedRows: inner.trainedRows,
      rows: dataset.rows,
      training,
      pointerOf: termPointers(spec.objective),
    },
    issues,
    notes,
  )
  checkObjective(
    objective,
    {
      classes: dataset.classNames.length,
      batchSize: training.batchSize,
      pointerOf: termPointers(spec.objective),
    },
    issues,
  )
  if (
    labelledFraction < 1 &&
    objective.every((term) => isWithoutWeight(term) || needsLabels(term.method))
  )
    notes.push('/transfer/labelledFraction: no term uses the rows without labels')
  const stages = inStages(spec.objective, objective)
  if (stages) checkStages(stages, spec.training, issues)
  checkSource(spec.objective, issues)
  const suggestWeights = suggestionOf(spec.objective)
  if (suggestWeights)
    checkSuggestion(stages?.map((stage) => stage.objective) ?? [objective], issues)
  const pointers = termPointers(spec.objective)
  checkSchedules(spec.objective, objective, stages, training.epochs, pointers, issues)
  checkTraining(training, inner, '/training', issues)
  checkAugmentation(spec.training, dataset.inputShape, '/training/augmentation', issues)
  if (evaluation.innerFolds !== undefined)
    checkCrossFit(objective, training, termPointers(spec.objective), issues)
  if (peer) checkPeer(spec, objective, pointers, issues)
  else checkNoPeer(objective, pointers, issues)
  const asksTeacher = objective.some(({ method }) => needsTeacher(method))
  const teacherNetwork = teacher && networkOf(teacher)
  if (asksTeacher && training.augmentation && teacher && !teacherNetwork)
    issues.add(
      '/training/augmentation',
      'teacher-not-a-network',
      'the teacher has to answer each augmented row, which only a network of layers can while a student is trained: train without augmentation, or give the teacher as safetensors with its architecture',
    )
  const students = asksTeacher ? [student, teacherNetwork] : [student]
  checkTokensStay(spec.training, students, '/training/augmentation', issues)
  if (teacher?.kind === 'train')
    checkTokensStay(
      spec.teacher.train?.training,
      [teacher.network],
      '/teacher/train/training/augmentation',
      issues,
    )
  if (teacher?.kind === 'train')
    checkTraining(teacher.training, innerOfTeacher, '/teacher/train/training', issues)

  checkAugmentation(
    spec.teacher.train?.training,
    dataset.inputShape,
    '/teacher/train/training/augmentation',
    issues,
  )
  if (issues.found.length > 0 || !teacher || !student) return { issues: issues.found }
  return {
    job: {
      name: spec.name ?? null,
      dataset: reference(dataset),
      testSet: testSet ? reference(testSet) : null,
      teacher,
      student: { network: student, training },
      objective,
      ...(stages ? { stages } : {}),
      ...(suggestWeights ? { suggestWeights } : {}),
      transfer,
      preprocessing: { normalization },
      evaluation,
      seed,
      notes,
    },
  }
}
