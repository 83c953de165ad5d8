/** One mistake in what a client sent: where, which kind, and what to do about it. */
export interface SpecIssue {
  /** JSON pointer (RFC 6901) into the request body. */
  readonly pointer: string
  /** Stable, kebab-case. */
  readonly code: string
  readonly message: string
  /** What would be accepted instead, where that is a short list. */
  readonly allowed?: readonly (string | number)[]
}
