/**
 * From what a client sent, and the things it refers to, to a job without open questions; or to everything that is wrong
 * with it. Pure: whoever calls it has looked the references up.
 */

import { checkSize } from './check-size.ts'
import type { Dataset } from './dataset.ts'
import { IssueList } from './issue-list.ts'
import type { JobSpec } from './job-spec.ts'
import type { KerasReader } from './keras-reader.ts'
import { needsLabels } from './methods/job-methods.ts'
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
})

export function resolveJob(
  spec: JobSpec,
  references: References,
  readKeras: KerasReader,
): Resolution {
  const issues = new IssueList()
  const notes: string[] = []
  const { dataset, testSet } = references
  const seed = spec.seed ?? 42
  const evaluation = resolveEvaluation(spec.evaluation ?? {}, references, seed, issues)
  const scene: Resolving = { dataset, testSet, evaluation, readKeras, issues, notes }
  const labelledFraction = spec.transfer?.labelledFraction ?? 1
  const rows = transferRows(dataset, spec.transfer)
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
  }
  const last = assistants.at(-1)
  const taught = resolveLearner(
    {
      network: student,
      training: spec.training,
      objective: spec.objective,
      labelledFraction,
      rows,
    },
    last ? { ...last, isKnown: last.network !== null } : first,
    scene,
  )
  if (
    labelledFraction < 1 &&
    taught.objective.every((term) => term.weight === 0 || needsLabels(term.method))
  )
    notes.push('/transfer/labelledFraction: no term uses the rows without labels')
  const chain = resolveChain(spec, { labelledFraction, rows }, assistants, first, scene).flatMap(
    ({ network, ...learner }) => (network ? [{ network, ...learner }] : []),
  )
  if (issues.found.length > 0 || !teacher || !student) return { issues: issues.found }
  const { training, objective, stages } = taught
  const job: ResolvedJob = {
    name: spec.name ?? null,
    dataset: reference(dataset),
    testSet: testSet ? reference(testSet) : null,
    teacher,
    student: { network: student, training },
    objective,
    ...(stages ? { stages } : {}),
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
