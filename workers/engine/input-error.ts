/** A task that can only succeed when the spec or the data changes: trying again gives the same error. */
export class InputError extends Error {
  /** Stable, kebab-case. */
  readonly code: string
  /** What the message says, for programs: JSON. */
  readonly details: Readonly<Record<string, unknown>> | null
  constructor(
    code: string,
    message: string,
    details: Readonly<Record<string, unknown>> | null = null,
  ) {
    super(message)
    this.name = 'InputError'
    this.code = code
    this.details = details
  }
}
