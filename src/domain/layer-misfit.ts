/** Why a layer cannot be what it says or cannot follow its input, in words for the client. */
export class LayerMisfit extends Error {
  /** The part of the layer at fault. */
  readonly field: string | undefined
  constructor(message: string, field?: string) {
    super(message)
    this.field = field
  }
}
