/** Cost of the networks and what they reach over the folds. */
import { multiplyAdds, teacherMultiplyAdds } from '../../../src/domain/cost.ts'
import type { LatencyRecord } from '../../../src/domain/latency.ts'
import { networkSize } from '../../../src/domain/model-form.ts'
import type { ArmReport } from '../../../src/domain/report/arm.ts'
import { byMetric, type MetricSummaries } from '../../../src/domain/report/metrics.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { teacherSize } from '../../../src/domain/teacher-networks.ts'
import type { Arm, ComparedArm } from '../../../src/domain/words.ts'
import type { ValidationRecord } from '../../trainer-contract.ts'
import { armsOfParts } from './arms.ts'
import { meanSeconds, trainingsOf } from './describe-convergence.ts'
import { differenceSummary, heldOutRatio, summaryOf } from './fold-differences.ts'
import { readJson } from './json-file.ts'
import type { MeasuredPart } from './measured-part.ts'
import type { Scene } from './scene.ts'
import { tapSimilarities } from './tap-similarity.ts'

type Cost = Pick<ArmReport, 'parameters' | 'weightBytes' | 'flops'>

function costOf({ teacher, student }: ResolvedJob, arm: ComparedArm): Cost {
  if (arm !== 'teacher')
    return { ...networkSize(student.network), flops: 2 * multiplyAdds(student.network) }
  // Recorded outputs cost nothing here, and what made them is not known.
  const isRecorded = teacher.kind === 'model' && teacher.form.kind === 'outputs'
  const passes = isRecorded ? null : teacherMultiplyAdds(teacher)
  return { ...teacherSize(teacher), flops: passes === null ? null : 2 * passes }
}

/** In the order of the plan; null where the arm set no row aside. */
export function validationOf(
  { task, read }: Scene,
  arm: Arm,
  index?: number,
): ArmReport['validation'] {
  const files = task.validations.filter((file) => file.arm === arm && file.index === index)
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
    arm: ComparedArm,
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
