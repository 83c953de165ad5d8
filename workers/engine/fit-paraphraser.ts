/**
 * The paraphraser of factor transfer: an encoder that learned, together with a decoder, to give back what the teacher says
 * at a tap. It sees the training rows only and no label, and stays as it is once the student begins.
 */
import { autoencoder, encoder, factorChannels } from '../../src/domain/methods/factors.ts'
import { elements, outputShape } from '../../src/domain/network.ts'
import { resolveObjective, type TermOf } from '../../src/domain/objective.ts'
import { networkUpTo } from '../../src/domain/tap-points.ts'
import { resolveTraining } from '../../src/domain/training.ts'
import { InputError } from './input-error.ts'
import { deriveSeed } from './random.ts'
import { train } from './train.ts'
import type { TeacherNetwork, TrainingInput } from './training-input.ts'
import { initialize, matchWeights, type NamedArray } from './weights.ts'

/** Half the mean squared error. */
const RECONSTRUCTION = resolveObjective({ terms: [{ method: 'logit-mse' }] })
const LEARNING_RATE = 1e-3

type Told = Pick<TrainingInput, 'data' | 'rows'>

function inputOf(
  term: TermOf<'factor-transfer'>,
  tap: string,
  teacher: TeacherNetwork,
  { data, rows }: Told,
): TrainingInput {
  const part = networkUpTo(teacher.network, tap)
  const shape = outputShape(part)
  const network = autoencoder(shape, factorChannels(shape, term.factorRate))
  const seedOf = (what: string): number => deriveSeed(term.paraphraserSeed, 'paraphraser', what)
  return {
    network,
    objective: RECONSTRUCTION,
    training: resolveTraining(
      {
        epochs: term.paraphraserEpochs,
        optimizer: { name: 'adam', learningRate: LEARNING_RATE },
      },
      rows.length,
    ),
    initialWeights: initialize(network, seedOf('weights')),
    data,
    rows,
    normalization: teacher.normalization,
    labels: new Int32Array(data.count).fill(-1),
    teacherLogits: null,
    teacher: { ...teacher, network: part, weights: matchWeights(part, teacher.weights) },
    reconstructsTeacher: true,
    classes: elements(shape),
    seeds: { batches: seedOf('batches'), dropout: seedOf('dropout') },
  }
}

/**
 * The weights of the encoder, by layer: a pure function of the term, the teacher and the training rows.
 * @throws InputError `non-finite-loss` where the teacher's features are too large to be learned
 * @throws the reason of the signal when aborted
 */
export async function fitParaphraser(
  term: TermOf<'factor-transfer'>,
  tap: string,
  teacher: TeacherNetwork,
  told: Told,
  signal: AbortSignal,
): Promise<NamedArray[]> {
  const input = inputOf(term, tap, teacher, told)
  const shape = outputShape(networkUpTo(teacher.network, tap))
  const hooks = { onEpoch: () => undefined, onProgress: () => undefined }
  try {
    const { weights } = await train(input, hooks, signal)
    return matchWeights(encoder(shape, factorChannels(shape, term.factorRate)), weights)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const message = `while the paraphraser of factor-transfer was fitted to ${tap} of the teacher: ${error.message}`
    throw new InputError(error.code, message, error.details)
  }
}
