/** The digits that come with the service; their licence is in digits-license.txt. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import type { CsvOptions } from './csv.ts'

const SIDE = 8
const PIXELS = Array.from(
  { length: SIDE * SIDE },
  (_, pixel) => `pixel_${Math.floor(pixel / SIDE)}_${pixel % SIDE}`,
)

async function* withHeader(): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(`${PIXELS.join(',')},digit\n`)
  const file = createReadStream(new URL('./digits.csv.gz', import.meta.url))
  const gunzip = createGunzip()
  file.on('error', (error) => gunzip.destroy(error))
  try {
    yield* file.pipe(gunzip)
  } finally {
    file.destroy()
  }
}

/** 1,797 images of 8 by 8 pixels from 0 to 16, with their digit, as a source for `readCsv`. */
export const openDigits = (): { source: AsyncIterable<Uint8Array>; options: CsvOptions } => ({
  source: withHeader(),
  options: { labelColumn: 'digit', inputShape: [SIDE, SIDE, 1], maxRows: 1797 },
})
