/** How fast the arms learned, from the records that their trainings left. */
import { foldCount } from '../../../src/domain/job-plan.ts'
import type { Convergence } from '../../../src/domain/report/convergence.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import type { TrainingRecord } from '../../trainer-contract.ts'
import { convergence } from '../convergence/convergence.ts'
import { readJson } from './json-file.ts'
import type { Scene } from './scene.ts'

/** Of all folds; where there are none, of the final. */
export function trainingsOf({ task, read }: Scene, arm: ComparedArm): TrainingRecord[] {
  const hasFolds = foldCount(task.job) > 0
  const ofArm = task.curves.filter((curve) => curve.arm === arm)
  const compared = ofArm.filter(({ fold }) => (fold !== null) === hasFolds)
  // A teacher that all folds share was trained once, for the final.
  const chosen = compared.length > 0 || arm !== 'teacher' ? compared : ofArm
  return chosen.map(({ path }) => readJson<TrainingRecord>(read, path))
}

/** @returns null where nothing was trained */
export function meanSeconds(trainings: readonly TrainingRecord[]): number | null {
  if (trainings.length === 0) return null
  return trainings.reduce((sum, { seconds }) => sum + seconds, 0) / trainings.length
}

export const describeConvergence = (scene: Scene): Convergence | null =>
  convergence(
    trainingsOf(scene, 'distilled'),
    trainingsOf(scene, 'control'),
    meanSeconds(trainingsOf(scene, 'teacher')),
  )
