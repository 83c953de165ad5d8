/**
 * From what a client sent, and the things it refers to, to a job without open questions; or to everything that is wrong
 * with it. Pure: whoever calls it has looked the references up.
 */

import { checkCrossFit } from './check-cross-fit.ts'
import { termPointers } from './check-objective.ts'
import { checkSize } from './check-size.ts'
import type { Dataset } from './dataset.ts'
import type { Evaluation } from './evaluation.ts'
import { IssueList } from './issue-list.ts'
import type { JobSpec } from './job-spec.ts'
import type { KerasReader } from './keras-reader.ts'
import { needsLabels } from './methods/job-methods.ts'
import { checkPeer, objectiveWithPeer } from './peer.ts'
import { placeAssistants, resolveChain } from './resolve-chain.ts'
import { resolveEvaluation } from './resolve-evaluation.ts'
import { resolveLearner, type Teaching, trainingSpecOf } from './resolve-learner.ts'
import { type GivenTeachers, givenPointer, resolveTeacher } from './resolve-teacher.ts'
import { resolveNormalization } from './resolve-tokens.ts'
import { resolveTransfer, transferRows } from './resolve-transfer.ts'
import type { DatasetReference, ResolvedJob } from './resolved-job.ts'
import { networkFor, type Resolving } from './resolving.ts'
import type { SpecIssue } from './spec-issue.ts'
import { networkOf, trainedNetworks } from './teacher-networks.ts'
import { isWithoutWeight } from './term-schedule.ts'

export interface References extends GivenTeachers {
  readonly dataset: Dataset
  readonly testSet: Dataset | null
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

/** Cross-fit and matched seconds know of one teacher that is trained in the job, and of no assistants. */
function checkOneTeacher(
  { teacher, chain }: JobSpec,
  { innerFolds, controlBudget }: Evaluation,
  issues: IssueList,
): void {
  if (!teacher.ensemble && !chain) return
  const what = teacher.ensemble ? 'an ensemble' : 'a chain'
  if (innerFolds !== undefined)
    issues.add(
      '/evaluation/teacherPerFold',
      'not-with-cross-fit',
      `out-of-fold answers are made by one teacher, not by ${what}: use retrain or frozen`,
      ['retrain', 'frozen'],
    )
  if (controlBudget === 'matched-seconds')
    issues.add(
      '/evaluation/controlBudget',
      'option-not-applicable',
      `the seconds of ${what} are not added up: use same-epochs`,
      ['same-epochs'],
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
  const scene: Resolving = { dataset, testSet, evaluation, readKeras, issues, notes }
  const labelledFraction = spec.transfer?.labelledFraction ?? 1
  const rows = { ...dataset, ...transferRows(dataset, spec.transfer) }
  // A teacher may be the student itself, but what is wrong with the teacher is told first.
  const ofStudent = { issues: new IssueList(), notes: [] as string[] }
  const student = networkFor(spec.student.architecture, '/student', { ...scene, ...ofStudent })
  const itself = {
    network: student,
    training: trainingSpecOf(spec.training, spec.objective) ?? {},
  }
  const teacher = resolveTeacher(spec.teacher, references, itself, scene)
  issues.found.push(...ofStudent.issues.found)
  notes.push(...ofStudent.notes)
  const transfer = resolveTransfer(spec.transfer, dataset, student, issues)
  const assistants = placeAssistants(spec.chain, student, scene)
  const trained = [
    student,
    ...(teacher ? trainedNetworks(teacher) : []),
    ...assistants.map(({ network }) => network),
  ]
  const given = spec.preprocessing?.normalization
  const normalization = resolveNormalization(given, trained, issues, notes)
  const first: Teaching = {
    network: teacher && networkOf(teacher),
    isKnown: teacher !== null,
    pointer: givenPointer(spec.teacher),
    isPeer: spec.teacher.peer !== undefined,
  }
  const last = assistants.at(-1)
  const taught = resolveLearner(
    {
      network: student,
      training: spec.training,
      objective: spec.teacher.peer ? objectiveWithPeer(spec.objective) : spec.objective,
      labelledFraction,
      rows,
    },
    last ? { ...last, isKnown: last.network !== null } : first,
    scene,
  )
  if (
    labelledFraction < 1 &&
    taught.objective.every((term) => isWithoutWeight(term) || needsLabels(term.method))
  )
    notes.push('/transfer/labelledFraction: no term uses the rows without labels')
  if (evaluation.innerFolds !== undefined)
    checkCrossFit(taught.objective, taught.training, termPointers(spec.objective), issues)
  checkOneTeacher(spec, evaluation, issues)
  if (spec.teacher.peer) checkPeer(spec, taught.objective, termPointers(spec.objective), issues)
  const chain = resolveChain(spec, { labelledFraction, rows }, assistants, first, scene).flatMap(
    ({ network, ...learner }) => (network ? [{ network, ...learner }] : []),
  )
  if (issues.found.length > 0 || !teacher || !student) return { issues: issues.found }
  const { training, ...asked } = taught
  const job: ResolvedJob = {
    name: spec.name ?? null,
    dataset: reference(dataset),
    testSet: testSet ? reference(testSet) : null,
    teacher,
    student: { network: student, training },
    ...asked,
    ...(chain.length > 0 ? { chain } : {}),
    transfer,
    preprocessing: { normalization },
    evaluation,
    seed,
    notes,
  }
  checkSize(job, issues)
  return issues.found.length > 0 ? { issues: issues.found } : { job }
}
