/** The report on networks that are neither teacher nor student: members of an ensemble, and assistants of a chain. */
import { finalIsMeasured, foldCount, memberFold } from '../../src/domain/job-plan.ts'
import { networkSize } from '../../src/domain/model-form.ts'
import type {
  ArmReport,
  AssistantReport,
  EnsembleReport,
  MemberReport,
  MetricName,
  Metrics,
  Summary,
} from '../../src/domain/report.ts'
import type { ResolvedEnsemble } from '../../src/domain/resolved-job.ts'
import { teacherSize } from '../../src/domain/teacher-networks.ts'
import type { IndexedArm } from '../../src/domain/words.ts'
import type { Mixture, ReportTask } from '../trainer-contract.ts'
import { armLogits, type MeasuredRows, type ReadFile } from './logits-store.ts'
import { argmax, measure } from './metrics.ts'
import { partition } from './split.ts'
import { summarize } from './summary.ts'

interface Scene {
  readonly task: ReportTask
  readonly read: ReadFile
  readonly labels: Int32Array
  /** Null without a test set. */
  readonly testLabels: Int32Array | null
}

/** A member or an assistant. */
interface InnerNetwork {
  readonly arm: IndexedArm
  readonly index: number
  /** The fold that it was trained for. */
  readonly trainedFor: (fold: number | null) => number | null
}

function measuredRows(
  { task, labels, testLabels }: Scene,
  fold: number | null,
): { readonly rows: MeasuredRows; readonly of: Int32Array } {
  if (fold === null && testLabels)
    return { rows: { kind: 'test-set', count: testLabels.length }, of: testLabels }
  const { heldOut: indices } = partition(task.job.evaluation.split, labels, fold)
  return {
    rows: { kind: 'held-out', indices, of: labels.length },
    of: Int32Array.from(indices, (row) => labels[row] ?? -1),
  }
}

function measureOne(scene: Scene, network: InnerNetwork, fold: number | null): Metrics {
  const { task, read } = scene
  const { rows, of } = measuredRows(scene, fold)
  const classes = task.job.dataset.classNames.length
  const asked = { fold, rows, classes }
  const isShared = task.job.evaluation.teacherPerFold === 'frozen'
  const ofTeacher = armLogits(task.logits, read, {
    ...asked,
    arm: 'teacher',
    trainedFor: isShared ? null : fold,
  })
  const { arm, index } = network
  const logits = armLogits(task.logits, read, {
    ...asked,
    arm,
    index,
    trainedFor: network.trainedFor(fold),
  })
  return measure(logits, of, classes, argmax(ofTeacher, classes))
}

type Measurements = Pick<AssistantReport, 'index' | 'metrics' | 'folds' | 'final'>

function measureNetwork(scene: Scene, network: InnerNetwork): Measurements {
  const { job } = scene.task
  const folds = Array.from({ length: foldCount(job) }, (_, fold) => ({
    fold,
    ...measureOne(scene, network, fold),
  }))
  const final = finalIsMeasured(job) ? measureOne(scene, network, null) : null
  const measured: readonly Metrics[] = folds.length > 0 ? folds : final ? [final] : []
  const summary = (name: MetricName): Summary => summarize(measured.map((one) => one[name]))
  return {
    index: network.index,
    metrics: {
      accuracy: summary('accuracy'),
      macroF1: summary('macroF1'),
      nll: summary('nll'),
      agreement: summary('agreement'),
    },
    folds,
    final,
  }
}

export type ValidationOf = (arm: IndexedArm, index: number) => ArmReport['validation']

function readMixtures({ task, read }: Scene): { fold: number | null; mixture: Mixture }[] {
  return (task.mixtures ?? []).map(({ fold, path }) => ({
    fold,
    mixture: JSON.parse(new TextDecoder().decode(read(path))) as Mixture,
  }))
}

function ensembleReport(
  scene: Scene,
  { members, weights }: ResolvedEnsemble,
  validationOf: ValidationOf,
): EnsembleReport {
  const { job } = scene.task
  const mixtures = readMixtures(scene)
  // Of the folds, like the metrics; of the final where there are none, or where all folds share the teacher.
  const ofFolds = mixtures.filter(({ fold }) => fold !== null)
  const counted = ofFolds.length > 0 ? ofFolds : mixtures
  const fits = mixtures.flatMap(({ fold, mixture: { fit } }) =>
    fit ? [{ fold, rows: fit.rows, nll: fit.nll, averageNll: fit.averageNll }] : [],
  )
  return {
    weights: weights.kind,
    members: members.map((member, index): MemberReport => {
      const trainedFor = (fold: number | null) => memberFold(job, member, fold)
      return {
        ...measureNetwork(scene, { arm: 'member', index, trainedFor }),
        ...teacherSize(member),
        validation: validationOf('member', index),
        isGiven: member.kind === 'model',
        weight: summarize(counted.map(({ mixture }) => mixture.weights[index] ?? null)),
      }
    }),
    fits: fits.length > 0 ? fits : null,
  }
}

/** Sections of the report that only some jobs have. */
export function reportInnerNetworks(
  scene: Scene,
  validationOf: ValidationOf,
): { ensemble?: EnsembleReport; chain?: AssistantReport[] } {
  const { teacher, chain } = scene.task.job
  return {
    ...(teacher.kind === 'ensemble'
      ? { ensemble: ensembleReport(scene, teacher, validationOf) }
      : {}),
    ...(chain
      ? {
          chain: chain.map(({ network }, index) => ({
            ...measureNetwork(scene, { arm: 'assistant', index, trainedFor: (fold) => fold }),
            ...networkSize(network),
            validation: validationOf('assistant', index),
          })),
        }
      : {}),
  }
}
