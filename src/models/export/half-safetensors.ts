/** The stored safetensors file with its kernels as halves (`F16`); everything else, metadata included, stays as it is. */
import { type SafetensorsTensor, safetensorsHeader } from '../../domain/safetensors-header.ts'
import { inPrecision } from './precision.ts'
import type { StoredWeights } from './stored-weights.ts'

/** @param halved names of the tensors that become halves */
export async function* halfSafetensors(
  { tensors, metadata }: StoredWeights,
  halved: ReadonlySet<string>,
): AsyncGenerator<Uint8Array> {
  const written = tensors.map((tensor): SafetensorsTensor & typeof tensor => ({
    ...tensor,
    precision: halved.has(tensor.name) ? 'float16' : 'float32',
  }))
  yield safetensorsHeader(written, metadata)
  for (const { name, precision = 'float32', ...numbers } of written)
    yield* inPrecision(name, numbers, precision).read()
}
