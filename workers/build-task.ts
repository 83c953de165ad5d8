/** From a claimed task to what a trainer is given. Pure: it names the blobs it needs through `fileOf`. */
import {
  finalIsMeasured,
  foldCount,
  innerTeacherKeys,
  planJob,
  taskKey,
  teacherKey,
} from '../src/domain/job-plan.ts'
import { needsTeacher } from '../src/domain/methods/job-methods.ts'
import type { ModelForm } from '../src/domain/model.ts'
import type { Network } from '../src/domain/network.ts'
import { comparesFeatures, LABELS_ONLY } from '../src/domain/objective.ts'
import type { DatasetReference, ResolvedJob } from '../src/domain/resolved-job.ts'
import type { ClaimedTask } from '../src/domain/task.ts'
import { omittedClasses } from '../src/domain/transfer.ts'
import type { Arm } from '../src/domain/words.ts'
import type {
  DatasetFiles,
  LatencyTask,
  MeasuredLogits,
  RebalancingFile,
  ReportTask,
  Task,
  TeacherFiles,
  TeacherInStep,
  TrainingFile,
  TrainTask,
} from './trainer-contract.ts'

/** Files that earlier tasks of the job left. */
export interface EarlierFile {
  readonly taskKey: string
  readonly name: string
  readonly sha256: string
}

interface Surroundings {
  readonly earlier: readonly EarlierFile[]
  /** Path at which the blob will lie; calling it asks for the blob. */
  readonly fileOf: (sha256: string) => string
  readonly outputDirectory: string
}

/** Where rows of one group have to stay together, and only there, a task knows the groups. */
const groupsOf = ({ dataset, evaluation }: ResolvedJob, fileOf: Surroundings['fileOf']) =>
  evaluation.split.grouped && dataset.groups
    ? { groupsPath: fileOf(dataset.groups.sha256) }
    : undefined

function datasetFiles(dataset: DatasetReference, fileOf: Surroundings['fileOf']): DatasetFiles {
  return {
    rows: dataset.rows,
    inputShape: dataset.inputShape,
    classes: dataset.classNames.length,
    featureType: dataset.featureType,
    featuresPath: fileOf(dataset.featuresSha256),
    labelsPath: fileOf(dataset.labelsSha256),
  }
}

function findFile({ earlier, fileOf }: Surroundings, key: string, name: string): string | null {
  const file = earlier.find((one) => one.taskKey === key && one.name === name)
  return file ? fileOf(file.sha256) : null
}

function needFile(surroundings: Surroundings, key: string, name: string): string {
  const path = findFile(surroundings, key, name)
  if (path === null) throw new Error(`task ${key} left no ${name}`)
  return path
}

/** The logits that the report is made from: see `MeasuredLogits` for what each covers. */
function measuredLogits(claimed: ClaimedTask, surroundings: Surroundings): MeasuredLogits[] {
  const { job } = claimed
  const arms: Arm[] = [
    'teacher',
    'distilled',
    ...(job.evaluation.control ? (['control'] as const) : []),
  ]
  const logits: MeasuredLogits[] = []
  const isPeer = job.teacher.kind === 'peer'
  const add = (arm: Arm, fold: number | null, file: string, covers: MeasuredLogits['covers']) => {
    const ofPeer = arm === 'teacher' && isPeer
    // The task of the student leaves the answers of both.
    const name = ofPeer ? (covers === 'test-set' ? 'peerTestLogits' : 'peerLogits') : file
    const key =
      arm === 'teacher' && !ofPeer
        ? teacherKey(job, fold)
        : taskKey(ofPeer ? 'distilled' : arm, fold)
    logits.push({ arm, fold, path: needFile(surroundings, key, name), covers })
  }
  // Logits go under the fold that their network was trained for: a frozen teacher answers for all folds at once.
  const frozen = job.evaluation.teacherPerFold === 'frozen'
  // Without folds the final teacher is the one whose lessons the report describes.
  const isFinalDescribed = foldCount(job) > 0 ? frozen : job.testSet !== null
  if (isFinalDescribed) add('teacher', null, 'allLogits', 'all')
  for (let fold = 0; fold < foldCount(job); fold++)
    for (const arm of arms)
      if (arm !== 'teacher') add(arm, fold, 'heldOutLogits', 'held-out')
      else if (!frozen) add(arm, fold, 'allLogits', 'all')
  if (finalIsMeasured(job))
    for (const arm of arms)
      if (job.testSet) add(arm, null, 'testLogits', 'test-set')
      else if (arm === 'teacher') add(arm, null, 'allLogits', 'all')
      else add(arm, null, 'heldOutLogits', 'held-out')
  return logits
}

function teacherFiles(
  form: ModelForm,
  { testSet }: ResolvedJob,
  fileOf: Surroundings['fileOf'],
): TeacherFiles {
  switch (form.kind) {
    case 'network': {
      const { kind, network, normalization, weightsSha256 } = form
      return { kind, network, normalization, weightsPath: fileOf(weightsSha256) }
    }
    case 'outputs':
      return {
        kind: form.kind,
        outputsPath: fileOf(form.dataset.sha256),
        testOutputsPath: testSet && form.testSet && fileOf(form.testSet.sha256),
      }
    case 'onnx':
    case 'saved-model': {
      const { modelSha256, ...rest } = form
      return { ...rest, modelPath: fileOf(modelSha256) }
    }
  }
}

/** What tells one given teacher from another, in the manifest of its students. */
function teacherManifest(form: ModelForm): Record<string, unknown> {
  switch (form.kind) {
    case 'network':
      return { weightsSha256: form.weightsSha256 }
    case 'outputs':
      return { outputsSha256: form.dataset.sha256 }
    case 'onnx':
    case 'saved-model':
      return { modelSha256: form.modelSha256 }
  }
}

const trainingOf = ({ teacher, student }: ResolvedJob, arm: Arm) =>
  arm === 'teacher' && teacher.kind === 'train' ? teacher.training : student.training

/** Jobs of earlier versions left none. */
function curveFiles({ job }: ClaimedTask, surroundings: Surroundings): TrainingFile[] {
  return planJob(job).flatMap(({ key, kind, arm, fold, innerFold }) => {
    const path = kind === 'train' ? findFile(surroundings, key, 'curve') : null
    return arm !== null && path !== null && innerFold === undefined ? [{ arm, fold, path }] : []
  })
}

/** Of a control that may take as long as distilling did. */
function matchedSeconds({ job, arm, fold }: ClaimedTask, surroundings: Surroundings) {
  if (arm !== 'control' || job.evaluation.controlBudget !== 'matched-seconds') return undefined
  const curveOf = (key: string): string => needFile(surroundings, key, 'curve')
  const distilled = curveOf(taskKey('distilled', fold))
  return { matchSeconds: { teacher: curveOf(teacherKey(job, fold)), distilled } }
}

function validationFiles({ job }: ClaimedTask, surroundings: Surroundings): TrainingFile[] {
  return planJob(job).flatMap(({ key, kind, arm, fold, innerFold }) => {
    // Teachers of inner folds are not measured.
    if (kind !== 'train' || arm === null || innerFold !== undefined) return []
    if (trainingOf(job, arm).validationFraction === null) return []
    return [{ arm, fold, path: needFile(surroundings, key, 'validation') }]
  })
}

function rebalancingFiles({ job }: ClaimedTask, surroundings: Surroundings): RebalancingFile[] {
  return planJob(job).flatMap(({ key, arm, fold }) =>
    arm === 'distilled' || arm === 'control'
      ? [{ arm, fold, path: needFile(surroundings, key, 'rebalancing') }]
      : [],
  )
}

/** What only a student is told: the task of a teacher stays the same, so that its work is taken over. */
const transferOf = ({ transfer, dataset }: ResolvedJob) => ({
  labelledFraction: transfer.labelledFraction,
  ...(transfer.omitClasses ? { omittedClasses: omittedClasses(transfer, dataset.classNames) } : {}),
  ...(transfer.rebalanceOmitted ? { rebalanceOmitted: transfer.rebalanceOmitted } : {}),
})

function suggestionFiles(
  { job }: ClaimedTask,
  surroundings: Surroundings,
): ReportTask['suggestions'] {
  if (!job.suggestWeights) return []
  return planJob(job).flatMap(({ key, arm, fold }) =>
    arm === 'distilled' ? [{ fold, path: needFile(surroundings, key, 'suggestedWeights') }] : [],
  )
}

/** Of trainings that had rows to measure it on; none in jobs of earlier versions. */
function similarityFiles(
  { job }: ClaimedTask,
  surroundings: Surroundings,
): Pick<ReportTask, 'similarities'> {
  if (!comparesFeatures(job.objective)) return {}
  const similarities = planJob(job).flatMap(({ key, arm, fold }) => {
    const path = arm === 'distilled' ? findFile(surroundings, key, 'tapSimilarity') : null
    return path === null ? [] : [{ fold, path }]
  })
  return { similarities }
}

/** Whether the teacher answers inside the step: on rows that are other ones in every step, or because its layers are compared. */
const teachesInside = ({ student, objective }: ResolvedJob): boolean =>
  comparesFeatures(objective) ||
  (student.training.augmentation !== null && objective.some((term) => needsTeacher(term.method)))

function teacherInStep({ job, fold }: ClaimedTask, surroundings: Surroundings): TeacherInStep {
  const { teacher } = job
  if (teacher.kind === 'train') {
    const weightsPath = needFile(surroundings, teacherKey(job, fold), 'safetensors')
    return { network: teacher.network, weightsPath, normalization: 'in-weights-file' }
  }
  // Refused when the job was submitted.
  if (teacher.kind === 'peer' || teacher.form.kind !== 'network')
    throw new Error('only a network can answer inside a step')
  const { network, weightsSha256, normalization } = teacher.form
  return { network, weightsPath: surroundings.fileOf(weightsSha256), normalization }
}

/** The student that is delivered, and what taught it. */
function timedNetworks(
  job: ResolvedJob,
  surroundings: Surroundings,
): Pick<LatencyTask, 'teacher' | 'student'> {
  const trained = (arm: Arm, network: Network): TeacherFiles => ({
    kind: 'network',
    network,
    normalization: null,
    weightsPath: needFile(surroundings, taskKey(arm, null), 'safetensors'),
  })
  const { teacher, student } = job
  return {
    teacher:
      teacher.kind === 'train'
        ? trained('teacher', teacher.network)
        : teacher.kind === 'peer'
          ? null
          : teacherFiles(teacher.form, job, surroundings.fileOf),
    student: trained('distilled', student.network),
  }
}

/** Which part of the training rows a teacher of cross-fit answers; nothing for any other task. */
function innerFoldOf({ job, key }: ClaimedTask): Pick<TrainTask, 'innerFold'> {
  const index = planJob(job).find((task) => task.key === key)?.innerFold
  const of = job.evaluation.innerFolds
  return index === undefined || of === undefined ? {} : { innerFold: { index, of } }
}

/** Where the recorded answers are that a student learns from. */
function recordedAnswers(
  { job, fold }: ClaimedTask,
  surroundings: Surroundings,
): Pick<TrainTask, 'teacherLogitsPath' | 'outOfFoldLogits'> {
  const inner = innerTeacherKeys(job, fold)
  if (inner.length === 0)
    return { teacherLogitsPath: needFile(surroundings, teacherKey(job, fold), 'allLogits') }
  return {
    teacherLogitsPath: null,
    outOfFoldLogits: inner.map((key) => needFile(surroundings, key, 'heldOutLogits')),
  }
}

/** What taught the students of a job. */
function manifestOfTeacher({ teacher, evaluation }: ResolvedJob): Record<string, unknown> {
  switch (teacher.kind) {
    case 'model':
      return teacherManifest(teacher.form)
    case 'peer':
      return { peer: teacher.network }
    case 'train': {
      const { innerFolds } = evaluation
      const { network, training } = teacher
      return { network, training, ...(innerFolds === undefined ? {} : { innerFolds }) }
    }
  }
}

/** Everything that made the network, without anything that differs between two equal jobs: it goes into its file. */
function manifestOf({ job, arm, fold }: ClaimedTask): Record<string, unknown> {
  const teaching = arm === 'teacher' && job.teacher.kind === 'train'
  return {
    arm,
    fold,
    seed: job.seed,
    dataset: { contentSha256: job.dataset.contentSha256, rows: job.dataset.rows },
    classNames: job.dataset.classNames,
    preprocessing: job.preprocessing,
    objective: arm === 'distilled' ? job.objective : LABELS_ONLY,
    ...(arm === 'distilled' && job.stages ? { stages: job.stages } : {}),
    ...(arm === 'distilled' && job.suggestWeights ? { suggestWeights: job.suggestWeights } : {}),
    transfer: arm === 'teacher' ? null : job.transfer,
    training: teaching ? job.teacher.training : job.student.training,
    teacher: arm === 'teacher' ? null : manifestOfTeacher(job),
  }
}

export function buildTask(claimed: ClaimedTask, surroundings: Surroundings): Task {
  const { job, kind, arm, fold } = claimed
  const { fileOf, outputDirectory } = surroundings
  if (kind === 'latency') return { kind, ...timedNetworks(job, surroundings), outputDirectory }
  if (kind === 'report')
    return {
      kind: 'report',
      job,
      labelsPath: fileOf(job.dataset.labelsSha256),
      ...groupsOf(job, fileOf),
      testLabelsPath: job.testSet && fileOf(job.testSet.labelsSha256),
      logits: measuredLogits(claimed, surroundings),
      validations: validationFiles(claimed, surroundings),
      curves: curveFiles(claimed, surroundings),
      latencyPath: findFile(surroundings, 'latency', 'latency'),
      ...(job.transfer.rebalanceOmitted
        ? { rebalancings: rebalancingFiles(claimed, surroundings) }
        : {}),
      suggestions: suggestionFiles(claimed, surroundings),
      ...similarityFiles(claimed, surroundings),
      outputDirectory,
    }
  const inner = innerFoldOf(claimed)
  const files = {
    dataset: { ...datasetFiles(job.dataset, fileOf), ...groupsOf(job, fileOf) },
    // Only a final is measured on the test set; a fold never sees it.
    testSet:
      job.testSet && fold === null && !inner.innerFold ? datasetFiles(job.testSet, fileOf) : null,
    outputDirectory,
  }
  if (arm === null) throw new Error(`task ${claimed.key} has no arm`)
  if (kind === 'predict') {
    if (job.teacher.kind !== 'model') throw new Error(`task ${claimed.key} has no given teacher`)
    return { kind: 'predict', ...files, teacher: teacherFiles(job.teacher.form, job, fileOf) }
  }
  const teaching = arm === 'teacher' && job.teacher.kind === 'train' ? job.teacher : null
  const { network, training } = teaching ?? job.student
  const objective = arm === 'distilled' ? job.objective : LABELS_ONLY
  const peer = arm === 'distilled' && job.teacher.kind === 'peer' ? job.teacher.network : null
  const isTaught = !peer && objective.some((term) => needsTeacher(term.method))
  const isInside = isTaught && teachesInside(job)
  return {
    kind: 'train',
    ...files,
    arm,
    fold,
    split: job.evaluation.split,
    ...inner,
    network,
    training,
    ...matchedSeconds(claimed, surroundings),
    objective,
    ...(arm === 'distilled' && job.stages ? { stages: job.stages } : {}),
    ...(arm === 'distilled' && job.suggestWeights ? { suggestWeights: job.suggestWeights } : {}),
    ...(teaching ? { labelledFraction: 1 } : transferOf(job)),
    normalization: job.preprocessing.normalization,
    ...(isTaught && !isInside
      ? recordedAnswers(claimed, surroundings)
      : { teacherLogitsPath: null }),
    teacher: isInside ? teacherInStep(claimed, surroundings) : null,
    ...(peer ? { peer } : {}),
    seed: job.seed,
    deliver: fold === null && arm !== 'control' && !inner.innerFold,
    keepWeights: arm === 'teacher' && teachesInside(job),
    manifest: manifestOf(claimed),
  }
}
