/** A trained-like model as the service stores it, and what the engine answers on random rows. */
import { createHash } from 'node:crypto'
import { MODEL_FORMAT, type Precision } from '../../../../src/domain/model.ts'
import type { Network } from '../../../../src/domain/network.ts'
import { fewestTokens } from '../../../../src/domain/tokens.ts'
import type { ExportedModel } from '../../../../src/models/export/export-model.ts'
import { precisionOf } from '../../../../src/models/export/precision.ts'
import {
  openStoredWeights,
  type StoredWeights,
} from '../../../../src/models/export/stored-weights.ts'
import type { Rows } from '../../../../workers/engine/datasets.ts'
import { writeSafetensors } from '../../../../workers/engine/export/safetensors.ts'
import {
  type FittedNormalization,
  fitNormalization,
  toNormalization,
} from '../../../../workers/engine/normalization.ts'
import { predict } from '../../../../workers/engine/predict.ts'
import { randomStream, uniform } from '../../../../workers/engine/random.ts'
import { initialize, type NamedArray } from '../../../../workers/engine/weights.ts'
import { asTokens, randomRows, rowNumbers } from '../../engine/support.ts'

/** Reads in pieces of a few bytes, which end within numbers. */
export const pieces = (file: Uint8Array, pieceBytes = 4099) =>
  async function* ({ start, end }: { start: number; end: number }) {
    for (let at = start; at < end; at += pieceBytes)
      yield file.subarray(at, Math.min(end, at + pieceBytes))
  }

/** Weights that differ from their start values, moving averages and all. */
const trainedLike = (weights: readonly NamedArray[]): NamedArray[] =>
  weights.map((array, index) => {
    const noise = uniform(array.values.length, 0.5, randomStream(index + 1))
    return { ...array, values: array.values.map((value, at) => value + (noise[at] ?? 0)) }
  })

export interface Stored {
  readonly model: ExportedModel
  readonly weights: StoredWeights
  /** Raw, row-major. */
  readonly rows: Float32Array
  /** The safetensors file. */
  readonly file: Buffer
  /** Logits of the engine for the rows, with weights as they are in a file of that precision. */
  answers(precision: Precision): Promise<Float32Array>
}

interface Trained {
  readonly network: Network
  readonly arrays: readonly NamedArray[]
  readonly normalization: FittedNormalization | null
  readonly classNames: readonly string[] | null
  readonly file: Buffer
  readonly data: Rows
}

/** A model out of its safetensors file. */
export async function storedModel(trained: Trained): Promise<Stored> {
  const { network, arrays, normalization, classNames, file, data } = trained
  const rounded = (precision: Precision): NamedArray[] =>
    arrays.map((array) => {
      const last = array.name.split('.').at(-1) as Parameters<typeof precisionOf>[0]
      return precisionOf(last, precision) === 'float32'
        ? array
        : { ...array, values: Float32Array.from(array.values, Math.f16round) }
    })
  return {
    model: {
      network,
      normalization: normalization && toNormalization(normalization),
      classNames,
      safetensorsSha256: createHash('sha256').update(file).digest('hex'),
    },
    weights: await openStoredWeights(pieces(file)),
    rows: Float32Array.from(data.values),
    file,
    answers: (precision) =>
      predict(
        network,
        rounded(precision),
        data,
        rowNumbers(data.count),
        normalization,
        new AbortController().signal,
      ),
  }
}

export const ROWS = 16

/** @param scale of the rows, which are between −1 and 3 times it and standardized where `normalize` says so */
export async function stored(
  network: Network,
  { scale = 1, normalize = false, trained = true } = {},
): Promise<Stored> {
  const start = initialize(network, 5)
  const arrays = trained ? trainedLike(start) : start
  const rows = randomRows(ROWS, network.inputShape, 2)
  const tokens = fewestTokens(network)
  // Ids of tokens are neither scaled nor standardized.
  const data = tokens === null ? rows : asTokens(rows, tokens)
  if (tokens === null)
    data.values.set(data.values.map((value, index) => scale * (value + (index % 3))))
  const normalization =
    normalize && tokens === null ? fitNormalization(data, rowNumbers(ROWS)) : null
  const channels = [network.inputShape.at(-1) ?? 1]
  const extra = normalization
    ? [
        { name: 'normalization.mean', shape: channels, values: normalization.mean },
        {
          name: 'normalization.standardDeviation',
          shape: channels,
          values: normalization.standardDeviation,
        },
      ]
    : []
  const metadata = {
    format: MODEL_FORMAT,
    network: JSON.stringify(network),
    classNames: JSON.stringify(null),
    manifest: JSON.stringify({ seed: 7 }),
  }
  const file = Buffer.concat(writeSafetensors([...arrays, ...extra], metadata))
  return storedModel({ network, arrays, normalization, classNames: null, file, data })
}

/** Largest difference, in units of the largest answer (or of 1 where all are smaller). */
export function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) throw new Error(`${got.length} answers, not ${want.length}`)
  let [largest, apart] = [1, 0]
  for (let index = 0; index < want.length; index++) {
    const value = want[index] ?? Number.NaN
    largest = Math.max(largest, Math.abs(value))
    const distance = Math.abs((got[index] ?? Number.NaN) - value)
    if (!(distance <= apart)) apart = distance
  }
  return apart / largest
}
