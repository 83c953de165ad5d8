import { foldCount } from '../../../src/domain/job-plan.ts'
import type { ArmReport } from '../../../src/domain/report/arm.ts'
import type { TapSimilarity } from '../../trainer-contract.ts'
import { readJson } from './json-file.ts'
import type { Scene } from './scene.ts'

/** Of the student, means over the folds; without folds, of the final. Null where no layers were compared. */
export function tapSimilarities({ task, read }: Scene): ArmReport['tapSimilarity'] {
  const hasFolds = foldCount(task.job) > 0
  const parts = (task.similarities ?? [])
    .filter(({ fold }) => (fold !== null) === hasFolds)
    .map(({ path }) => readJson<TapSimilarity[]>(read, path))
  const [first] = parts
  if (!first) return null
  return first.map(({ studentTap, teacherTap }, pair) => {
    const values = parts.flatMap((part) => part[pair]?.value ?? [])
    const sum = values.reduce((total, value) => total + value, 0)
    return {
      studentTap,
      teacherTap,
      rows: Math.min(...parts.map((part) => part[pair]?.rows ?? 0)),
      value: values.length > 0 ? sum / values.length : null,
    }
  })
}
