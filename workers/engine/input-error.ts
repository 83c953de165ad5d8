/** A task that can only succeed when the spec or the data changes: trying again gives the same error. */
export class InputError extends Error {
  /** Stable, kebab-case. */
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'InputError'
    this.code = code
  }
}
