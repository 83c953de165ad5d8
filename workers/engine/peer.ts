/**
 * Deep mutual learning: a second network that is trained in the same steps, from the same batches, and towards the first
 * one as that is towards it. Its weights lie in the state beside the student's, under names that no layer can have.
 */
import { INPUT, layerInputs, type Network } from '../../src/domain/network.ts'
import type { Targets } from './losses/given.ts'
import { stopGradient } from './losses/primitives/stop-gradient.ts'
import { tf } from './tensorflow.ts'
import { initialize, type NamedArray, weightNames } from './weights.ts'

export interface Peer {
  /** With the names that its layers have in the state. */
  readonly network: Network
  readonly initialWeights: readonly NamedArray[]
}

const inState = (layer: string): string => `peer/${layer}`

/** The same network with other names of its layers. */
function renamed(network: Network): Network {
  const layers = network.layers.map((placed, position) => ({
    ...placed,
    name: inState(placed.name),
    inputs: layerInputs(network, position).map((name) => (name === INPUT ? name : inState(name))),
  }))
  return { ...network, layers }
}

export function createPeer(network: Network, seed: number): Peer {
  const own = renamed(network)
  return { network: own, initialWeights: initialize(own, seed) }
}

/** Of arrays that include those of a peer: which of them its gradients change, and which a step gives anew. */
export function peerState({ network, initialWeights }: Peer): {
  readonly trainable: NamedArray[]
  readonly movingAverages: NamedArray[]
} {
  const names = new Set(weightNames(network).trainable)
  return {
    trainable: initialWeights.filter(({ name }) => names.has(name)),
    movingAverages: initialWeights.filter(({ name }) => !names.has(name)),
  }
}

/** Far from what is added for layers and terms, so that two dropout layers at the same place drop other units. */
const SEED_OFFSET = 1 << 20

/** @param seed `[2]` int32, of the step */
export const seedOfPeer = (seed: tf.Tensor1D): tf.Tensor1D =>
  tf.add(seed, tf.scalar(SEED_OFFSET, 'int32'))

/** What one of two networks is told by the other: its logits `[batch, classes]` as they are now, as a constant. */
export const taughtBy = (targets: Targets, logits: tf.Tensor2D): Targets => ({
  ...targets,
  teacherLogits: stopGradient(logits),
})
