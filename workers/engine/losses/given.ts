/** What the loss of a term may read. */

import { encoder, factorChannels } from '../../../src/domain/methods/factors.ts'
import { stagePlace } from '../../../src/domain/methods/fusion-weights.ts'
import { EMBEDDINGS, FLOW, TRANSLATOR } from '../../../src/domain/methods/projector.ts'
import { weightName } from '../../../src/domain/network.ts'
import { type Taps, tapNames } from '../../../src/domain/objective.ts'
import { apply } from '../forward.ts'
import { tf } from '../tensorflow.ts'
import type { Weights } from '../weights.ts'
import type { Flow } from './fsp.ts'
import { fuseStages } from './primitives/fuse-stages.ts'
import { type Projector, project } from './primitives/project.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import type { Stage } from './review.ts'
import {
  constantName,
  memoryName,
  paraphraserName,
  projectorFrom,
  projectorName,
} from './term-weights.ts'

/** What a student is compared with, row by row of the batch. */
export interface Targets {
  /** `[batch]` int32: class index, or −1 where the label must not be used. */
  readonly labels: tf.Tensor1D
  /** `[batch, classes]`, of a teacher or of a peer; null where no term needs any. */
  readonly teacherLogits: tf.Tensor2D | null
  /** Of a teacher that answers inside the step: what each of its layers gives. */
  readonly teacherOutputs?: ReadonlyMap<string, tf.Tensor>
  /** Of a teacher that answers inside the step: the layer of its logits. */
  readonly teacherHead?: Projector
  /** Of rows that were mixed (mixup): the labels of the other part, and the share in [0, 1] of the first. */
  readonly mixed?: { readonly labels: tf.Tensor1D; readonly share: tf.Scalar } | null
}

/** What the network that trains made of a batch. */
export interface Student {
  /** `[batch, classes]` */
  readonly logits: tf.Tensor2D
  readonly outputs: ReadonlyMap<string, tf.Tensor>
  /** The layer of the logits. */
  readonly head: Projector
  /** Its own, and those of projectors. */
  readonly weights: Weights
  readonly constants: Weights
  /** `[2]` int32, other in every step: for what a term draws. */
  readonly seed: tf.Tensor1D
  /** `[batch]` int32: which of the training rows these are; there where a term remembers rows. */
  readonly positions: tf.Tensor1D | undefined
  /** What terms leave to the next step, by name. */
  readonly remembered: Record<string, tf.Tensor>
}

interface Place {
  readonly index: number
  readonly taps: Taps | undefined
}

const need = <Value>(value: Value | undefined | null, what: string): Value => {
  if (value === undefined || value === null) throw new Error(`a term needs ${what}`)
  return value
}

export class Given {
  /** `[batch]` int32 */
  readonly labels: tf.Tensor1D
  readonly #student: Student
  readonly #targets: Targets
  readonly #place: Place

  constructor(student: Student, labels: tf.Tensor1D, targets: Targets, place: Place) {
    this.labels = labels
    this.#student = student
    this.#targets = targets
    this.#place = place
  }

  get logits(): tf.Tensor2D {
    return this.#student.logits
  }

  get teacherLogits(): tf.Tensor2D {
    return need(this.#targets.teacherLogits, 'teacher logits but the task has none')
  }

  /** At each tap, in their order: the student's, then the teacher's, which are constants. */
  get #lists(): [tf.Tensor[], tf.Tensor[]] {
    const { student, teacher } = need(this.#place.taps, 'taps but has none')
    const [own, other] = [this.#student.outputs, this.#targets.teacherOutputs]
    return [
      tapNames(student).map((tap) => need(own.get(tap), `the output of ${tap} of the student`)),
      tapNames(teacher).map((tap) => need(other?.get(tap), `the output of ${tap} of the teacher`)),
    ]
  }

  /** At the taps: the student's, then the teacher's. */
  get features(): [tf.Tensor, tf.Tensor] {
    const [[own], [other]] = this.#lists
    return [need(own, 'a tap of the student'), need(other, 'a tap of the teacher')]
  }

  /** Between the two taps of each network; the channels of the student's are the teacher's. */
  get flows(): [Flow, Flow] {
    const [own, wanted] = this.#lists as [tf.Tensor4D[], tf.Tensor4D[]]
    const flow = ([first, second]: readonly tf.Tensor4D[]): Flow => ({
      first: need(first, 'a first tap'),
      second: need(second, 'a second tap'),
    })
    const projected = own.map((map, at) => project(map, this.#projectorOf(FLOW[at] ?? '')))
    return [flow(projected as tf.Tensor4D[]), flow(wanted)]
  }

  get maps(): [tf.Tensor4D, tf.Tensor4D] {
    return this.features as [tf.Tensor4D, tf.Tensor4D]
  }

  get vectors(): [tf.Tensor2D, tf.Tensor2D] {
    return this.features as [tf.Tensor2D, tf.Tensor2D]
  }

  /** At the taps of each stage, the student's fused with the deeper ones and as wide as the teacher's. */
  get stages(): Stage[] {
    const [own, wanted] = this.#lists as [tf.Tensor4D[], tf.Tensor4D[]]
    const fused = fuseStages(own, (stage) => (name) => this.weight(`${stagePlace(stage)}${name}`))
    return fused.map((student, stage) => ({ student, teacher: wanted[stage] as tf.Tensor4D }))
  }

  /** At the taps, in the words of the translator and of the paraphraser. @param rate channels of a factor by those of the teacher */
  factors(rate: number): [tf.Tensor, tf.Tensor] {
    const [own, other] = this.features
    const channels = factorChannels(other.shape, rate)
    const encoded = (features: tf.Tensor, weight: (name: string) => tf.Tensor): tf.Tensor => {
      const network = encoder(features.shape.slice(1), channels)
      const names = network.layers.flatMap(({ name, weights }) =>
        weights.map((one) => weightName(name, one.name)),
      )
      const weights = Object.fromEntries(names.map((name) => [name, weight(name)]))
      return apply(network, weights, features, { training: false }).logits
    }
    return [
      encoded(own, (name) => this.weight(`${TRANSLATOR}${name}`)),
      encoded(other, (name) => this.constant(paraphraserName(name))),
    ]
  }

  /** At the taps, both by trained maps: the student's, then the teacher's, with a gradient for its map. */
  get embeddings(): [tf.Tensor2D, tf.Tensor2D] {
    const [own, other] = this.features
    return [
      project(own, this.#projectorOf(EMBEDDINGS.student)) as tf.Tensor2D,
      project(stopGradient(other), this.#projectorOf(EMBEDDINGS.teacher)) as tf.Tensor2D,
    ]
  }

  #projectorOf(place: string): Projector {
    return projectorFrom(this.#student.weights, this.#place.index, place)
  }

  get projector(): Projector {
    return this.#projectorOf('')
  }

  /** At the taps, the student's as wide as the teacher's. */
  get projected(): [tf.Tensor, tf.Tensor] {
    const [own, wanted] = this.features
    return [project(own, this.projector), wanted]
  }

  /** At the taps, what the layer of the logits makes of each position: `[batch, height, width, classes]`. */
  get classMaps(): [tf.Tensor4D, tf.Tensor4D] {
    const [own, other] = this.features
    const teacherHead = need(this.#targets.teacherHead, 'the last layer of the teacher')
    return [
      project(own, this.#student.head) as tf.Tensor4D,
      project(other, teacherHead) as tf.Tensor4D,
    ]
  }

  /** A trained weight of the term. */
  weight(name: string): tf.Tensor {
    return need(this.#student.weights[projectorName(this.#place.index, name)], name)
  }

  /** What the term left in the step before. */
  memory(what: string): tf.Tensor {
    return need(this.#student.weights[memoryName(this.#place.index, what)], `a memory, ${what}`)
  }

  /** Leaves something of the shape of {@link memory} to the next step. */
  remember(what: string, value: tf.Tensor): void {
    this.#student.remembered[memoryName(this.#place.index, what)] = tf.keep(value)
  }

  get positions(): tf.Tensor1D {
    return need(this.#student.positions, 'to know which rows these are')
  }

  /** `[2]` int32, other in every step and for every term. Dropout counts upwards from the same seed, augmentation down to −4. */
  get seed(): tf.Tensor1D {
    return tf.sub(this.#student.seed, tf.scalar(5 + this.#place.index, 'int32'))
  }

  /** What the term was told before the training. */
  constant(what: string): tf.Tensor {
    return need(this.#student.constants[constantName(this.#place.index, what)], what)
  }
}
