/** What is asked for cannot be represented as a graph. The caller falls back to running it eagerly. */
export class CannotCompile extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CannotCompile'
  }
}
