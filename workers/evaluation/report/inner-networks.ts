/** The report on networks that are neither teacher nor student: members of an ensemble, and assistants of a chain. */
import { memberFold } from '../../../src/domain/job-plan.ts'
import { networkSize } from '../../../src/domain/model-form.ts'
import type {
  AssistantReport,
  EnsembleReport,
  MemberReport,
} from '../../../src/domain/report/inner-network.ts'
import { byMetric, type Metrics } from '../../../src/domain/report/metrics.ts'
import type { ResolvedEnsemble } from '../../../src/domain/resolved-job.ts'
import { teacherSize } from '../../../src/domain/teacher-networks.ts'
import type { IndexedArm } from '../../../src/domain/words.ts'
import type { Mixture } from '../../trainer-contract.ts'
import { armLogits } from '../logits-store.ts'
import { measure } from '../metrics/metrics.ts'
import { scoreRows } from '../metrics/row-scores.ts'
import { correctedT } from '../statistics/corrected-t.ts'
import { validationOf } from './arm-reports.ts'
import { heldOutRatio, summaryOf } from './fold-differences.ts'
import { readJson } from './json-file.ts'
import { type MeasuredPart, teacherFold } from './measured-part.ts'
import type { Scene } from './scene.ts'

/** A member or an assistant. */
interface InnerNetwork {
  readonly arm: IndexedArm
  readonly index: number
  /** The fold that it was trained for. */
  readonly trainedFor: (fold: number | null) => number | null
}

function measureOne(
  { task, read, labels, testLabels }: Scene,
  network: InnerNetwork,
  part: MeasuredPart,
): Metrics {
  const { fold, rows: indices } = part
  const classes = task.job.dataset.classNames.length
  const isTestSet = fold === null && testLabels !== null
  const rows = isTestSet
    ? ({ kind: 'test-set', count: indices.length } as const)
    : ({ kind: 'held-out', indices, of: labels.length } as const)
  const own = Int32Array.from(indices, (row) => (isTestSet ? testLabels : labels)[row] ?? -1)
  const asked = { fold, rows, classes }
  const trainedFor = teacherFold({ task }, fold)
  const ofTeacher = armLogits(task.logits, read, { ...asked, arm: 'teacher', trainedFor })
  const { arm, index } = network
  const logits = armLogits(task.logits, read, {
    ...asked,
    arm,
    index,
    trainedFor: network.trainedFor(fold),
  })
  return measure(scoreRows(logits, own, classes, ofTeacher))
}

/** The parts that are measured: the folds, and the final where finals are. */
interface Parts {
  readonly folds: readonly MeasuredPart[]
  readonly final: MeasuredPart | null
}

type Measurements = Pick<AssistantReport, 'index' | 'metrics' | 'folds' | 'final'>

function measureNetwork(scene: Scene, network: InnerNetwork, parts: Parts): Measurements {
  const folds = parts.folds.map((part, fold) => ({
    fold,
    metrics: measureOne(scene, network, part),
  }))
  const final = parts.final && measureOne(scene, network, parts.final)
  const compared = parts.folds.length > 0 ? parts.folds : parts.final ? [parts.final] : []
  const measured = folds.length > 0 ? folds.map(({ metrics }) => metrics) : final ? [final] : []
  const ratio = heldOutRatio(compared)
  return {
    index: network.index,
    metrics: byMetric((name) => summaryOf(measured, name, ratio)),
    folds,
    final,
  }
}

function readMixtures({ task, read }: Scene): { fold: number | null; mixture: Mixture }[] {
  return (task.mixtures ?? []).map(({ fold, path }) => ({
    fold,
    mixture: readJson<Mixture>(read, path),
  }))
}

/** Folds choose their shares on other rows, and nothing is tested: there is no interval. */
function shareOf(shares: readonly number[]): MemberReport['weight'] {
  const { mean, standardDeviation, n } = correctedT(shares, 0)
  return { mean, standardDeviation, n, interval: null }
}

function ensembleReport(
  scene: Scene,
  { members, weights }: ResolvedEnsemble,
  parts: Parts,
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
        ...measureNetwork(scene, { arm: 'member', index, trainedFor }, parts),
        ...teacherSize(member),
        validation: validationOf(scene, 'member', index),
        isGiven: member.kind === 'model',
        weight: shareOf(counted.flatMap(({ mixture }) => mixture.weights[index] ?? [])),
      }
    }),
    fits: fits.length > 0 ? fits : null,
  }
}

/** Sections of the report that only some jobs have. */
export function reportInnerNetworks(
  scene: Scene,
  parts: Parts,
): { ensemble?: EnsembleReport; chain?: AssistantReport[] } {
  const { teacher, chain } = scene.task.job
  return {
    ...(teacher.kind === 'ensemble' ? { ensemble: ensembleReport(scene, teacher, parts) } : {}),
    ...(chain
      ? {
          chain: chain.map(({ network }, index) => ({
            ...measureNetwork(
              scene,
              { arm: 'assistant', index, trainedFor: (fold) => fold },
              parts,
            ),
            ...networkSize(network),
            validation: validationOf(scene, 'assistant', index),
          })),
        }
      : {}),
  }
}
