/** Kernels with the output channels first, as ONNX and PyTorch have them, from ours, which has them last. */
import type { Stream } from '../protobuf/message.ts'
import { float32Chunks } from './precision.ts'

/** Of the result that is in memory at once; a larger kernel is read several times. */
const SLAB_BYTES = 1 << 24
/** Of what is given at once, so that whoever takes it needs no second slab. */
const PIECE_BYTES = 1 << 17

export interface KernelSides {
  /** Height times width. */
  readonly pixels: number
  readonly inputs: number
  readonly outputs: number
}

/** float32 `[pixels, inputs, outputs]` to `[outputs, inputs, pixels]`. */
export function outputFirst(
  kernel: Stream,
  { pixels, inputs, outputs }: KernelSides,
  slabBytes = SLAB_BYTES,
): Stream {
  const each = inputs * pixels
  const slabOutputs = Math.max(1, Math.min(outputs, Math.floor(slabBytes / 4 / each)))
  async function* read(): AsyncGenerator<Uint8Array> {
    for (let first = 0; first < outputs; first += slabOutputs) {
      const count = Math.min(slabOutputs, outputs - first)
      const slab = new Float32Array(count * each)
      let at = 0
      for await (const values of float32Chunks(kernel.read()))
        for (const value of values) {
          const output = (at % outputs) - first
          if (output >= 0 && output < count) {
            const place = Math.floor(at / outputs)
            const input = place % inputs
            slab[output * each + input * pixels + Math.floor(place / inputs)] = value
          }
          at++
        }
      for (let start = 0; start < slab.byteLength; start += PIECE_BYTES)
        yield new Uint8Array(slab.buffer, start, Math.min(PIECE_BYTES, slab.byteLength - start))
    }
  }
  return { sizeBytes: kernel.sizeBytes, read }
}
