/** What a file looks like by its first bytes, for messages about a file that is not what it should be. */
const SIGNATURES: readonly (readonly [signature: string, kind: string])[] = [
  ['\x1f\x8b', 'a gzip file'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  ['PK\x03\x04', 'a zip archive (an Excel workbook is one too)'],
  ['%PDF', 'a PDF document'],
  ['\x93NUMPY', 'a NumPy .npy file'],
  ['PAR1', 'a Parquet file'],
  ['\x89HDF', 'an HDF5 file'],
  ['BZh', 'a bzip2 file'],
  ['\xfd7zXZ', 'an xz file'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
  ['\0\0\x08', 'an IDX file'],
]

/** @returns for example "a PNG image"; null when nothing is recognised */
export function fileKind(head: Uint8Array): string | null {
  const start = Buffer.from(head.subarray(0, 8)).toString('latin1')
  const found = SIGNATURES.find(([signature]) => start.startsWith(signature))
  if (found) return found[1]
  const printable = head.length > 0 && /^[\t\r\n\x20-\x7e]+$/.test(start)
  return printable ? 'text, perhaps CSV' : null
}
