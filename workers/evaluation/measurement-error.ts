/** Logits or labels that cannot be measured. */
export class MeasurementError extends Error {
  override readonly name = 'MeasurementError'
  /** Stable, kebab-case. */
  readonly code:
    | 'logits-not-finite'
    | 'logits-size'
    | 'logits-missing'
    | 'label-out-of-range'
    | 'labels-size'
    | 'classes-differ'

  constructor(code: MeasurementError['code'], message: string) {
    super(message)
    this.code = code
  }
}
