/** A student that was trained on the bundled digits as a task trains it, and 256 rows that it has not seen. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { readCsv } from '../../src/datasets/csv.ts'
import { openDigits } from '../../src/datasets/digits.ts'
import type { Split } from '../../src/domain/evaluation.ts'
import type { LayerSpec } from '../../src/domain/layers.ts'
import { LABELS_ONLY } from '../../src/domain/objective.ts'
import { partition } from '../../src/splits/split.ts'
import { readDataset } from '../../workers/engine/datasets.ts'
import { readSafetensors } from '../../workers/engine/export/safetensors.ts'
import { fromNormalization } from '../../workers/engine/normalization.ts'
import { runTrain } from '../../workers/engine/run-task.ts'
import { matchWeights } from '../../workers/engine/weights.ts'
import { OUTPUT_FILES } from '../../workers/trainer-contract.ts'
import { MemorySink } from '../unit/datasets/reading.ts'
import { networkOf, trainingOf } from '../unit/engine/support.ts'
import { type Stored, storedModel } from '../unit/models/export/stored.ts'

const LAYERS: readonly LayerSpec[] = [
  { type: 'conv2d', filters: 12, kernelSize: 3, strides: 2, padding: 'same', useBias: false },
  { type: 'batchNormalization' },
  { type: 'activation', activation: 'relu' },
  { type: 'separableConv2d', filters: 16, kernelSize: 2, padding: 'same', activation: 'gelu' },
  { type: 'maxPooling2d', poolSize: 3, strides: 2, padding: 'same' },
  { type: 'flatten' },
  { type: 'dropout', rate: 0.1 },
  { type: 'dense', units: 10 },
]
const HELD_OUT = 256

export interface Digits {
  readonly student: Stored
  /** Class names of the rows. */
  readonly labels: readonly string[]
  /** The TensorFlow.js zip as training left it. */
  readonly tfjs: Buffer
}

/** @param folder that exists */
export async function trainOnDigits(folder: string): Promise<Digits> {
  const sink = new MemorySink()
  const { source, options } = openDigits()
  const { rows, inputShape, classNames, featureType, labels } = await readCsv(source, options, sink)
  const dataset = {
    rows,
    inputShape,
    classes: classNames.length,
    featureType,
    featuresPath: path.join(folder, 'features'),
    labelsPath: path.join(folder, 'labels'),
  }
  await writeFile(dataset.featuresPath, sink.bytes)
  await writeFile(dataset.labelsPath, labels)
  const outputDirectory = path.join(folder, 'trained')
  await mkdir(outputDirectory)
  const network = networkOf(inputShape, LAYERS)
  const split: Split = { kind: 'holdout', fraction: 0.2, stratified: true, seed: 1 }
  const parts = { ...partition(split, labels, null), validation: new Uint32Array(0) }
  const result = await runTrain(
    {
      kind: 'train',
      arm: 'distilled',
      fold: null,
      split,
      dataset,
      testSet: null,
      network,
      objective: LABELS_ONLY,
      training: trainingOf({
        epochs: 12,
        optimizer: { name: 'adam', learningRate: 0.005 },
      }),
      labelledFraction: 1,
      normalization: 'standardize',
      teacherLogitsPath: null,
      teacher: null,
      keepWeights: false,
      seed: 3,
      deliver: true,
      manifest: { arm: 'distilled', seed: 3, classNames },
      outputDirectory,
    },
    parts,
    { onProgress: () => {}, onEpoch: () => {} },
    new AbortController().signal,
  )
  const chosen = [...parts.heldOut.subarray(0, HELD_OUT)]
  const data = await readDataset(dataset)
  const file = await readFile(path.join(outputDirectory, OUTPUT_FILES.safetensors))
  return {
    student: await storedModel({
      network,
      arrays: matchWeights(network, readSafetensors(file).arrays),
      normalization: result.normalization && fromNormalization(result.normalization),
      classNames,
      file,
      data: {
        ...data,
        count: chosen.length,
        values: Float32Array.from(
          chosen.flatMap((row) => [
            ...data.values.subarray(row * data.width, (row + 1) * data.width),
          ]),
        ),
      },
    }),
    labels: chosen.map((row) => classNames[labels[row] ?? 0] ?? ''),
    tfjs: await readFile(path.join(outputDirectory, OUTPUT_FILES.tfjs)),
  }
}
