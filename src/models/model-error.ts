/** Why an uploaded model cannot be read, in words for the client: what, where and what to do. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  /** Stable, kebab-case. */
  readonly code: string
  /** JSON pointer to the place in the Keras document; empty where there is none, or it is the whole. */
  readonly pointer: string
  constructor(code: string, message: string, options?: ErrorOptions & { pointer?: string }) {
    super(message, options)
    this.code = code
    this.pointer = options?.pointer ?? ''
  }
}

/** A name from an upload as it may stand in a message: quoted, escaped, and short whatever was sent. */
export const quoted = (name: string): string =>
  JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name)

/** At most ten names, quoted. */
export const listed = (names: readonly string[]): string => {
  if (names.length === 0) return 'nothing'
  const shown = names.slice(0, 10).map(quoted).join(', ')
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown
}
