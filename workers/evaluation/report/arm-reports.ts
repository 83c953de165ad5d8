/** Cost of the networks and what they reach over the folds. */
import { formMultiplyAdds, multiplyAdds } from '../../../src/domain/cost.ts'
import type { LatencyRecord } from '../../../src/domain/latency.ts'
import { networkSize, sizeOf } from '../../../src/domain/model-form.ts'
import type { ArmReport } from '../../../src/domain/report/arm.ts'
import { byMetric, type MetricSummaries } from '../../../src/domain/report/metrics.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import type { Arm } from '../../../src/domain/words.ts'
import type { ValidationRecord } from '../../trainer-contract.ts'
import { armsOfParts } from './arms.ts'
import { meanSeconds, trainingsOf } from './describe-convergence.ts'
import { differenceSummary, heldOutRatio, summaryOf } from './fold-differences.ts'
import { readJson } from './json-file.ts'
import type { MeasuredPart } from './measured-part.ts'
import type { Scene } from './scene.ts'
import { tapSimilarities } from './tap-similarity.ts'

type Cost = Pick<ArmReport, 'parameters' | 'weightBytes' | 'flops'>

function costOf({ teacher, student }: ResolvedJob, arm: Arm): Cost {
  const form = arm === 'teacher' && teacher.kind === 'model' ? teacher.form : null
  if (form) {
    const passes = form.kind === 'outputs' ? null : formMultiplyAdds(form)
    return { ...sizeOf(form), flops: passes === null ? null : 2 * passes }
  }
  const { network } = arm === 'teacher' && teacher.kind !== 'model' ? teacher : student
  return { ...networkSize(network), flops: 2 * multiplyAdds(network) }
}

/** In the order of the plan; null where the arm set no row aside. */
function validationOf({ task, read }: Scene, arm: Arm): ArmReport['validation'] {
  const files = task.validations.filter((file) => file.arm === arm)
  if (files.length === 0) return null
  return files.map(({ fold, path }) => ({
    fold,
    ...readJson<ValidationRecord>(read, path),
  }))
}

/** @param parts the folds, or the final alone */
export function summarizeArms(
  scene: Scene,
  parts: readonly MeasuredPart[],
): Pick<Report, 'arms' | 'gain' | 'loss'> {
  const ratio = heldOutRatio(parts)
  const { latencyPath } = scene.task
  const latency = latencyPath === null ? null : readJson<LatencyRecord>(scene.read, latencyPath)
  const { teacher, distilled, control } = armsOfParts(parts, (part) => part.metrics)
  const armReport = (
    arm: Arm,
    folds: readonly MeasuredPart['metrics']['teacher'][],
  ): ArmReport => ({
    ...costOf(scene.task.job, arm),
    // The control is the same network with other weights: no other time.
    latency: latency?.[arm === 'teacher' ? 'teacher' : 'student'] ?? null,
    trainingSeconds: meanSeconds(trainingsOf(scene, arm)),
    metrics: byMetric((name) => summaryOf(folds, name, ratio)),
    tapSimilarity: arm === 'distilled' ? tapSimilarities(scene) : null,
    validation: validationOf(scene, arm),
  })
  const distilledMinus = (other: typeof teacher): MetricSummaries =>
    byMetric((name) => differenceSummary(distilled, other, name, ratio))
  return {
    arms: {
      teacher: armReport('teacher', teacher),
      distilled: armReport('distilled', distilled),
      control: control && armReport('control', control),
    },
    gain: control && distilledMinus(control),
    loss: distilledMinus(teacher),
  }
}
