/** Watches a training for the first number that is none, and says where it came from. */
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import { InputError } from './input-error.ts'
import type { StepMeasurements } from './measurements.ts'

/** JSON has no word for what is not finite. */
type Described = number | 'NaN' | 'Infinity' | '-Infinity'

interface Moment {
  readonly epoch: number
  readonly step: number
  /** Unweighted, in the order of the objective. */
  readonly terms: readonly Described[]
  /** Of all trainable weights together, before clipping. */
  readonly gradientNorm: Described
}

/** What the details of a `non-finite-loss` failure say. */
interface Diagnosis extends Moment {
  /** The first term that is not finite, by place in the objective and by method; null: only the gradient is not. */
  readonly term: { readonly index: number; readonly method: string } | null
  /** The step before; null when it was the first. */
  readonly lastFinite: Moment | null
}

const describe = (value: number): Described =>
  Number.isFinite(value) ? value : (String(value) as Described)

const short = (value: Described | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value)

function sentence({ term, epoch, step, terms, gradientNorm, lastFinite }: Diagnosis): string {
  const what = term
    ? `the ${term.method} loss became ${terms[term.index]} (gradient norm ${short(gradientNorm)})`
    : `the gradient became ${gradientNorm} while every loss is finite`
  const before = lastFinite
    ? `in step ${lastFinite.step} ${term ? `it was ${short(lastFinite.terms[term.index])} and ` : ''}the gradient norm was ${short(lastFinite.gradientNorm)}`
    : 'it was the first step'
  return `${what} in epoch ${epoch}, step ${step}; ${before}: lower the learning rate, clip the gradients (clipNorm), or normalize the inputs`
}

export class FiniteGuard {
  readonly #objective: readonly ResolvedTerm[]
  #last: Moment | null = null

  constructor(objective: readonly ResolvedTerm[]) {
    this.#objective = objective
  }

  /**
   * Takes the steps of a training in order.
   * A norm whose square exceeds float32 (1.8e19) counts as not finite: no optimizer recovers from it.
   * @param epoch from 1
   * @param step  from 1, over the whole training
   * @throws InputError `non-finite-loss` with a {@link Diagnosis}
   */
  check(epoch: number, step: number, { terms, gradientNorm }: StepMeasurements): void {
    const moment = {
      epoch,
      step,
      terms: terms.map(describe),
      gradientNorm: describe(gradientNorm),
    }
    const index = terms.findIndex((value) => !Number.isFinite(value))
    if (index < 0 && Number.isFinite(gradientNorm)) {
      this.#last = moment
      return
    }
    const method = this.#objective[index]?.method
    const term = method === undefined ? null : { index, method }
    const diagnosis: Diagnosis = { term, ...moment, lastFinite: this.#last }
    throw new InputError('non-finite-loss', sentence(diagnosis), { ...diagnosis })
  }
}
