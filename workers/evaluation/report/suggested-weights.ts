import type { Report } from '../../../src/domain/report/report.ts'
import type { Scene } from './scene.ts'

/** Of each training of the student that made its weights comparable. */
export const suggestedWeights = ({ task, read }: Scene): NonNullable<Report['suggestedWeights']> =>
  task.suggestions.map(({ fold, path }) => ({
    fold,
    stages: JSON.parse(new TextDecoder().decode(read(path))),
  }))
