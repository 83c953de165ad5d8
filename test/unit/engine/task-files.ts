/** A small dataset on disk, and training tasks on it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import type { DatasetFiles, TrainTask } from '../../../workers/trainer-contract.ts'
import { inferred, randomRows, trainingOf } from './support.ts'

const SHAPE = [4, 4, 1]
const ROWS = 90
const CLASSES = 3

export interface TaskFiles extends Disposable {
  readonly dataset: DatasetFiles
  /** A task with an output folder of its own. */
  task(changes?: Partial<TrainTask>): TrainTask
}

export function taskFiles(): TaskFiles {
  const folder = mkdtempSync(path.join(tmpdir(), 'task-'))
  const data = randomRows(ROWS, SHAPE, CLASSES)
  const dataset: DatasetFiles = {
    rows: ROWS,
    inputShape: SHAPE,
    classes: CLASSES,
    featureType: 'float32',
    featuresPath: path.join(folder, 'features.f32'),
    labelsPath: path.join(folder, 'labels.i32'),
  }
  writeFileSync(dataset.featuresPath, data.values)
  writeFileSync(dataset.labelsPath, data.labels)
  let made = 0
  return {
    dataset,
    task(changes = {}) {
      const outputDirectory = path.join(folder, `out-${made++}`)
      mkdirSync(outputDirectory)
      return {
        kind: 'train',
        arm: 'control',
        fold: 0,
        split: { kind: 'k-fold', folds: 3, stratified: true, seed: 1 },
        dataset,
        testSet: null,
        network: inferred({ preset: 'mlp', hiddenUnits: [8], dropout: 0.1 }, SHAPE, CLASSES),
        objective: LABELS_ONLY,
        training: trainingOf({ epochs: 2, batchSize: 16 }),
        labelledFraction: 1,
        normalization: 'standardize',
        teacherLogitsPath: null,
        seed: 7,
        teacher: null,
        deliver: false,
        keepWeights: false,
        manifest: { classNames: ['a', 'b', 'c'] },
        outputDirectory,
        ...changes,
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
