/** A training on made-up rows, the same ones for everybody who measures the same net. */
import { inferNetwork } from '../src/domain/infer-network.ts'
import { resolveObjective } from '../src/domain/objective.ts'
import { resolveTraining, type TrainingSpec } from '../src/domain/training.ts'
import { randomStream, uniform } from '../workers/engine/random.ts'
import type { TrainingInput } from '../workers/engine/training-input.ts'
import { initialize } from '../workers/engine/weights.ts'
import { CLASSES, type Net } from './nets.ts'

export function trainingInputOf(
  { architecture, shape, batchSize }: Net,
  spec: TrainingSpec,
  count: number,
): TrainingInput {
  const inferred = inferNetwork(architecture, [...shape], CLASSES, '')
  if ('issues' in inferred) throw new Error(JSON.stringify(inferred.issues))
  const { network } = inferred
  const width = shape.reduce((product, length) => product * length, 1)
  const rows = Uint32Array.from({ length: count }, (_, row) => row)
  return {
    network,
    objective: resolveObjective(),
    training: resolveTraining({ ...spec, batchSize }, count),
    initialWeights: initialize(network, 1),
    data: { count, shape, width, values: uniform(count * width, 1, randomStream(2)) },
    rows,
    normalization: null,
    labels: Int32Array.from(rows, (row) => row % CLASSES),
    teacherLogits: uniform(count * CLASSES, 3, randomStream(3)),
    classes: CLASSES,
    seeds: { batches: 4, dropout: 5 },
  }
}
