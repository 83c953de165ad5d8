/** multipart/form-data for injected requests. */
const BOUNDARY = 'test-boundary'

export interface Part {
  readonly name: string
  /** Given: a file. */
  readonly filename?: string
  readonly content: string | Uint8Array
}

export function form(...parts: readonly Part[]) {
  const payload = Buffer.concat([
    ...parts.flatMap(({ name, filename, content }) => [
      Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n\r\n`,
      ),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` } }
}
