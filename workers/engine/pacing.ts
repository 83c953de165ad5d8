/**
 * How many steps go into one call: enough that the call's own cost does not count, few enough that an abort is seen
 * soon. The results of a training do not depend on it.
 */

/** What a call should take. */
const CALL_MS = 20
const MAX_STEPS = 1024
/** Of what a call brings along for its steps. */
const MAX_CALL_BYTES = 32 * 2 ** 20

export class Pacing {
  readonly #limit: number
  readonly #isFixed: boolean
  #stepsPerCall: number

  /** @param fixed steps a call, where they are not to be found out */
  constructor(bytesPerStep: number, fixed: number | null = null) {
    this.#isFixed = fixed !== null
    this.#stepsPerCall = fixed ?? 1
    this.#limit = Math.max(1, Math.min(MAX_STEPS, Math.floor(MAX_CALL_BYTES / bytesPerStep)))
  }

  get stepsPerCall(): number {
    return this.#stepsPerCall
  }

  /** Learns from a call. The first ones take longer than those that follow, so the number at most doubles. */
  observe(steps: number, milliseconds: number): void {
    if (this.#isFixed) return
    const fitting = Math.floor((CALL_MS * steps) / milliseconds)
    const wanted = Math.min(fitting, 2 * this.#stepsPerCall, this.#limit)
    // A last call of an epoch may be short for want of steps: it says little, and must not make the next one shorter.
    if (steps === this.#stepsPerCall || wanted > this.#stepsPerCall)
      this.#stepsPerCall = Math.max(1, wanted)
  }
}
