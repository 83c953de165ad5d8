/** From a claimed task to what a trainer is given. Pure: it names the blobs it needs through `fileOf`. */
import {
  indexedKey,
  innerTeacherKeys,
  memberFold,
  planJob,
  type TaskPlace,
  taskKey,
  teacherKey,
  teachingAssistant,
  teachingKey,
} from '../src/domain/job-plan.ts'
import { needsTeacher } from '../src/domain/methods/job-methods.ts'
import type { ModelForm } from '../src/domain/model.ts'
import type { Network } from '../src/domain/network.ts'
import { comparesFeatures } from '../src/domain/objective.ts'
import type {
  DatasetReference,
  Learner,
  ResolvedEnsemble,
  ResolvedJob,
  ResolvedMember,
} from '../src/domain/resolved-job.ts'
import type { ClaimedTask } from '../src/domain/task.ts'
import { teacherAt, trainedNetwork } from '../src/domain/trained-network.ts'
import { omittedClasses } from '../src/domain/transfer.ts'
import { type Arm, knowsLabels, teaches } from '../src/domain/words.ts'
import { findFile, indexOf, needFile, type Surroundings } from './earlier-files.ts'
import { manifestOf } from './manifest.ts'
import { measuredLogits } from './measured-logits.ts'
import type {
  CombineTask,
  DatasetFiles,
  LatencyTask,
  MixtureFile,
  RebalancingFile,
  ReportTask,
  Task,
  TeacherFiles,
  TeacherInStep,
  TrainingFile,
  TrainTask,
} from './trainer-contract.ts'

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

/** Jobs of earlier versions left none. */
function curveFiles({ job }: ClaimedTask, surroundings: Surroundings): TrainingFile[] {
  return planJob(job).flatMap(({ key, kind, arm, index, fold, innerFold }) => {
    const path = kind === 'train' ? findFile(surroundings, key, 'curve') : null
    if (arm === null || path === null || innerFold !== undefined) return []
    return [{ arm, ...indexOf(index), fold, path }]
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
  return planJob(job).flatMap(({ key, kind, innerFold, ...place }) => {
    const { arm, index, fold } = place
    // Teachers of inner folds are not measured.
    if (kind !== 'train' || arm === null || innerFold !== undefined) return []
    if (trainedNetwork(job, place).training.validationFraction === null) return []
    const path = needFile(surroundings, key, 'validation')
    return [{ arm, ...indexOf(index), fold, path }]
  })
}

function rebalancingFiles({ job }: ClaimedTask, surroundings: Surroundings): RebalancingFile[] {
  return planJob(job).flatMap(({ key, arm, fold }) =>
    arm === 'distilled' || arm === 'control'
      ? [{ arm, fold, path: needFile(surroundings, key, 'rebalancing') }]
      : [],
  )
}

/** What only students are told: the task of a teacher stays the same, so that its work is taken over. */
const transferOf = ({ transfer, dataset }: ResolvedJob, arm: Arm) => ({
  labelledFraction: knowsLabels(arm) ? 1 : transfer.labelledFraction,
  ...(transfer.omitClasses && !knowsLabels(arm)
    ? { omittedClasses: omittedClasses(transfer, dataset.classNames) }
    : {}),
  ...(transfer.rebalanceOmitted && !teaches(arm)
    ? { rebalanceOmitted: transfer.rebalanceOmitted }
    : {}),
})

function mixtureFiles(
  { job }: ClaimedTask,
  surroundings: Surroundings,
): { mixtures?: MixtureFile[] } {
  if (job.teacher.kind !== 'ensemble') return {}
  const mixtures = planJob(job)
    .filter(({ kind }) => kind === 'combine')
    .map(({ key, fold }) => ({ fold, path: needFile(surroundings, key, 'mixture') }))
  return { mixtures }
}

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
const learnsInside = ({ training, objective }: Learner): boolean =>
  comparesFeatures(objective) ||
  (training.augmentation !== null && objective.some((term) => needsTeacher(term.method)))

function teacherInStep(claimed: ClaimedTask, surroundings: Surroundings): TeacherInStep {
  const { job } = claimed
  const { teacher } = job
  const assistant = teachingAssistant(job, claimed)
  const trained = assistant === null ? teacher : job.chain?.[assistant]
  if (trained && 'network' in trained) {
    const weightsPath = needFile(surroundings, teachingKey(job, claimed), 'safetensors')
    return { network: trained.network, weightsPath, normalization: 'in-weights-file' }
  }
  // Refused when the job was submitted.
  if (teacher.kind !== 'model' || teacher.form.kind !== 'network')
    throw new Error('only a network can answer inside a step')
  const { network, weightsSha256, normalization } = teacher.form
  return { network, weightsPath: surroundings.fileOf(weightsSha256), normalization }
}

/** The student that is delivered, and what taught the job. */
function timedNetworks(
  job: ResolvedJob,
  surroundings: Surroundings,
): Pick<LatencyTask, 'teacher' | 'student'> {
  const trained = (key: string, network: Network): TeacherFiles => ({
    kind: 'network',
    network,
    normalization: null,
    weightsPath: needFile(surroundings, key, 'safetensors'),
  })
  const { teacher, student } = job
  const timed = (one: ResolvedMember, key: string): TeacherFiles =>
    one.kind === 'train'
      ? trained(key, one.network)
      : teacherFiles(one.form, job, surroundings.fileOf)
  return {
    teacher: timedTeachers(),
    student: trained(taskKey('distilled', null), student.network),
  }

  function timedTeachers(): TeacherFiles[] {
    if (teacher.kind === 'peer') return []
    return teacher.kind === 'ensemble'
      ? teacher.members.map((member, index) => timed(member, indexedKey('member', index, null)))
      : [timed(teacher, taskKey('teacher', null))]
  }
}

/** Whether the next network of the job needs the weights of this one, and not only its answers. */
function isAskedInside(job: ResolvedJob, { arm, index }: TaskPlace): boolean {
  const chain = job.chain ?? []
  const next =
    arm === 'teacher' ? 0 : arm === 'assistant' ? (index ?? 0) + 1 : Number.POSITIVE_INFINITY
  if (next > chain.length) return false
  const { training } = job.student
  return learnsInside(chain[next] ?? { ...job, training, network: job.student.network })
}

function combineTask(
  { job, fold }: ClaimedTask,
  { members, weights }: ResolvedEnsemble,
  surroundings: Surroundings,
): CombineTask {
  const { dataset, testSet, evaluation, seed } = job
  const hasTestSet = testSet !== null && fold === null
  return {
    kind: 'combine',
    rows: dataset.rows,
    classes: dataset.classNames.length,
    testRows: hasTestSet ? testSet.rows : null,
    members: members.map((member, index) => {
      const key = indexedKey('member', index, memberFold(job, member, fold))
      return {
        logitsPath: needFile(surroundings, key, 'allLogits'),
        testLogitsPath: hasTestSet ? needFile(surroundings, key, 'testLogits') : null,
      }
    }),
    weights: combinedBy(),
    outputDirectory: surroundings.outputDirectory,
  }

  function combinedBy(): CombineTask['weights'] {
    switch (weights.kind) {
      case 'average':
        return { kind: 'fixed', values: members.map(() => 1 / members.length) }
      case 'given':
        return { kind: 'fixed', values: weights.values }
      case 'inner-validation': {
        const labelsPath = surroundings.fileOf(dataset.labelsSha256)
        const { split } = evaluation
        const groups = groupsOf(job, surroundings.fileOf)
        return { ...weights, labelsPath, ...groups, split, fold, seed }
      }
    }
  }
}

/** Which part of the training rows a teacher of cross-fit answers; nothing for any other task. */
function innerFoldOf({ job, key }: ClaimedTask): Pick<TrainTask, 'innerFold'> {
  const index = planJob(job).find((task) => task.key === key)?.innerFold
  const of = job.evaluation.innerFolds
  return index === undefined || of === undefined ? {} : { innerFold: { index, of } }
}

/** Where the recorded answers are that a network learns from. */
function recordedAnswers(
  claimed: ClaimedTask,
  surroundings: Surroundings,
): Pick<TrainTask, 'teacherLogitsPath' | 'outOfFoldLogits'> {
  const { job, fold } = claimed
  const inner = innerTeacherKeys(job, fold)
  if (inner.length === 0)
    return { teacherLogitsPath: needFile(surroundings, teachingKey(job, claimed), 'allLogits') }
  return {
    teacherLogitsPath: null,
    outOfFoldLogits: inner.map((key) => needFile(surroundings, key, 'heldOutLogits')),
  }
}

export function buildTask(claimed: ClaimedTask, surroundings: Surroundings): Task {
  const { job, kind, arm, index, fold } = claimed
  const { fileOf, outputDirectory } = surroundings
  if (kind === 'latency') return { kind, ...timedNetworks(job, surroundings), outputDirectory }
  if (kind === 'report')
    return {
      kind: 'report',
      job,
      labelsPath: fileOf(job.dataset.labelsSha256),
      ...groupsOf(job, fileOf),
      testLabelsPath: job.testSet && fileOf(job.testSet.labelsSha256),
      logits: measuredLogits(job, surroundings),
      validations: validationFiles(claimed, surroundings),
      curves: curveFiles(claimed, surroundings),
      latencyPath: findFile(surroundings, 'latency', 'latency'),
      ...(job.transfer.rebalanceOmitted
        ? { rebalancings: rebalancingFiles(claimed, surroundings) }
        : {}),
      suggestions: suggestionFiles(claimed, surroundings),
      ...similarityFiles(claimed, surroundings),
      ...mixtureFiles(claimed, surroundings),
      outputDirectory,
    }
  if (kind === 'combine') {
    if (job.teacher.kind !== 'ensemble') throw new Error(`task ${claimed.key} has no ensemble`)
    return combineTask(claimed, job.teacher, surroundings)
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
    const teacher = teacherAt(job, claimed)
    if (teacher?.kind !== 'model') throw new Error(`task ${claimed.key} has no given teacher`)
    return { kind: 'predict', ...files, teacher: teacherFiles(teacher.form, job, fileOf) }
  }
  const learner = trainedNetwork(job, claimed)
  const { network, training, objective, stages, suggestWeights } = learner
  const peer = arm === 'distilled' && job.teacher.kind === 'peer' ? job.teacher.network : null
  const isTaught = !peer && objective.some((term) => needsTeacher(term.method))
  const isInside = isTaught && learnsInside(learner)
  return {
    kind: 'train',
    ...files,
    arm,
    ...indexOf(index),
    fold,
    split: job.evaluation.split,
    ...inner,
    network,
    training,
    ...matchedSeconds(claimed, surroundings),
    objective,
    ...(stages ? { stages } : {}),
    ...(suggestWeights ? { suggestWeights } : {}),
    ...transferOf(job, arm),
    normalization: job.preprocessing.normalization,
    ...(isTaught && !isInside
      ? recordedAnswers(claimed, surroundings)
      : { teacherLogitsPath: null }),
    teacher: isInside ? teacherInStep(claimed, surroundings) : null,
    ...(peer ? { peer } : {}),
    seed: job.seed,
    deliver: fold === null && arm !== 'control' && !inner.innerFold,
    keepWeights: teaches(arm) && !inner.innerFold && isAskedInside(job, claimed),
    manifest: manifestOf(claimed),
  }
}
