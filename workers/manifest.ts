/** What a file says of the network in it. */
import { teachingAssistant } from '../src/domain/job-plan.ts'
import type { ModelForm } from '../src/domain/model.ts'
import type { ResolvedTeacher } from '../src/domain/resolved-job.ts'
import type { ClaimedTask } from '../src/domain/task.ts'
import { trainedNetwork } from '../src/domain/trained-network.ts'
import { indexOf } from './earlier-files.ts'

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

/** What made a teacher, without anything that differs between two equal jobs. */
function teacherOrigin(teacher: ResolvedTeacher): Record<string, unknown> {
  switch (teacher.kind) {
    case 'train':
      return { network: teacher.network, training: teacher.training }
    case 'model':
      return teacherManifest(teacher.form)
    case 'peer':
      return { peer: teacher.network }
    case 'ensemble':
      return { members: teacher.members.map(teacherOrigin), weights: teacher.weights }
  }
}

/** Everything that made the network, without anything that differs between two equal jobs: it goes into its file. */
export function manifestOf(claimed: ClaimedTask): Record<string, unknown> {
  const { job, arm, index, fold } = claimed
  const { training, objective, stages, suggestWeights } = trainedNetwork(job, claimed)
  const { innerFolds } = job.evaluation
  const isTeacher = arm === 'teacher' || arm === 'member'
  const before = job.chain?.slice(0, (teachingAssistant(job, claimed) ?? -1) + 1) ?? []
  return {
    arm,
    ...indexOf(index),
    fold,
    seed: job.seed,
    dataset: { contentSha256: job.dataset.contentSha256, rows: job.dataset.rows },
    classNames: job.dataset.classNames,
    preprocessing: job.preprocessing,
    objective,
    ...(stages ? { stages } : {}),
    ...(suggestWeights ? { suggestWeights } : {}),
    transfer: isTeacher ? null : job.transfer,
    training,
    teacher: isTeacher
      ? null
      : { ...teacherOrigin(job.teacher), ...(innerFolds === undefined ? {} : { innerFolds }) },
    ...(isTeacher || before.length === 0 ? {} : { assistants: before }),
  }
}
