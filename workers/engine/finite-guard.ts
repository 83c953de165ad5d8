/** Watches a training for the first number that is none, and says where it came from. */
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import type { ProbeMeasurements } from './gradient-probe.ts'
import { InputError } from './input-error.ts'
import type { StepMeasurements } from './measurements.ts'
import type { NamedArray } from './weights.ts'

/** JSON has no word for what is not finite. */
type Described = number | 'NaN' | 'Infinity' | '-Infinity'

interface Moment {
  readonly epoch: number
  readonly step: number
  /** Unweighted, in the order of the objective. */
  readonly terms: readonly Described[]
}

/** What was measured before the first step of an epoch. */
interface Gradients {
  readonly epoch: number
  /** The first of the epoch. */
  readonly step: number
  /** Of the weighted terms, in the order of the objective. */
  readonly termGradientNorms: readonly Described[]
  /** Of their sum, over all trainable weights together, before clipping. */
  readonly gradientNorm: Described
}

/** What the details of a `non-finite-loss` failure say. */
interface Diagnosis extends Moment {
  /** What is not finite. weights: after the last step, while its terms still were. */
  readonly what: 'term' | 'gradient' | 'weights'
  /** The first term that is not finite, by place in the objective and by method; null where none can be named. */
  readonly term: { readonly index: number; readonly method: string } | null
  /** The step before; null when it was the first. */
  readonly lastFinite: Moment | null
  /** At the start of this epoch or, where those are not finite, of the one before; null when there are none. */
  readonly lastGradients: Gradients | null
}

const describe = (value: number): Described =>
  Number.isFinite(value) ? value : (String(value) as Described)

const short = (value: Described | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value)

const firstNonFinite = (values: readonly number[]): number =>
  values.findIndex((value) => !Number.isFinite(value))

function sentence(diagnosis: Diagnosis, found: string): string {
  const { term, epoch, step, lastFinite, lastGradients } = diagnosis
  const before = lastFinite
    ? `in step ${lastFinite.step} ${term ? `it was ${short(lastFinite.terms[term.index])}` : 'all losses were finite'}`
    : 'it was the first step'
  const norm = lastGradients
    ? `, and the gradient norm ${short(lastGradients.gradientNorm)} in step ${lastGradients.step}`
    : ''
  return `${found} in epoch ${epoch}, step ${step}; ${before}${norm}: lower the learning rate, clip the gradients (clipNorm), or normalize the inputs`
}

/** Takes the steps of a training in order, and before the first step of each epoch what the probe measured. */
export class FiniteGuard {
  readonly #objective: readonly ResolvedTerm[]
  #last: Moment | null = null
  #gradients: Gradients | null = null

  constructor(objective: readonly ResolvedTerm[]) {
    this.#objective = objective
  }

  #termAt(index: number): Diagnosis['term'] {
    const method = this.#objective[index]?.method
    return method === undefined ? null : { index, method }
  }

  #fail(moment: Moment, what: Diagnosis['what'], term: Diagnosis['term'], found: string): never {
    const diagnosis: Diagnosis = {
      what,
      term,
      ...moment,
      lastFinite: this.#last,
      lastGradients: this.#gradients,
    }
    throw new InputError('non-finite-loss', sentence(diagnosis, found), { ...diagnosis })
  }

  /**
   * A norm whose square exceeds float32 (1.8e19) counts as not finite: no optimizer recovers from it.
   * @param epoch from 1
   * @param step  of the training that comes next, from 1
   * @throws InputError `non-finite-loss` with a {@link Diagnosis}
   */
  checkGradients(epoch: number, step: number, probe: ProbeMeasurements): void {
    const { values, gradientNorms, gradientNorm } = probe
    const moment = { epoch, step, terms: values.map(describe) }
    const value = firstNonFinite(values)
    if (value >= 0) {
      const term = this.#termAt(value)
      this.#fail(moment, 'term', term, `the ${term?.method} loss became ${moment.terms[value]}`)
    }
    const index = firstNonFinite([...gradientNorms, gradientNorm])
    if (index >= 0) {
      const term = this.#termAt(index)
      const whose = term ? `the gradient of the ${term.method} loss` : 'the gradient'
      const norm = describe(gradientNorms[index] ?? gradientNorm)
      this.#fail(moment, 'gradient', term, `${whose} became ${norm} while every loss is finite`)
    }
    this.#gradients = { epoch, step, termGradientNorms: gradientNorms, gradientNorm }
  }

  /**
   * @param epoch from 1
   * @param step  from 1, over the whole training
   * @throws InputError `non-finite-loss` with a {@link Diagnosis}
   */
  check(epoch: number, step: number, { terms }: StepMeasurements): void {
    const moment = { epoch, step, terms: terms.map(describe) }
    const index = firstNonFinite(terms)
    if (index >= 0) {
      const term = this.#termAt(index)
      this.#fail(moment, 'term', term, `the ${term?.method} loss became ${moment.terms[index]}`)
    }
    this.#last = moment
  }

  /**
   * Of the last step no other one tells what became of it.
   * @throws InputError `non-finite-loss` with a {@link Diagnosis}
   */
  checkWeights(weights: readonly NamedArray[]): void {
    const found = weights.find(({ values }) => !values.every(Number.isFinite))
    if (!found || !this.#last) return
    this.#fail(this.#last, 'weights', null, `the weights ${found.name} stopped being finite`)
  }
}
