/** The header of a NumPy file of float32 numbers: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */

/** Fixed, so that readers of our own files need not parse it; a multiple of 64, as NumPy aligns. */
export const NPY_HEADER_BYTES = 128

/** Version 1.0, little-endian float32, C order, `[rows, columns]`. */
export function npyHeader(rows: number, columns: number): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  const header = new Uint8Array(NPY_HEADER_BYTES).fill(0x20)
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0])
  new DataView(header.buffer).setUint16(8, NPY_HEADER_BYTES - 10, true)
  header.set(new TextEncoder().encode(description), 10)
  header[NPY_HEADER_BYTES - 1] = 0x0a
  return header
}
