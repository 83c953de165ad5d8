/** A network as the JSON of a Keras model, which tfjs and Keras 2 load: sequential, or functional when it has branches. */
import { INPUT, isChain, type Layer, layerInputs, type Network } from '../../domain/network.ts'
import { freeName, type KerasLayer, kerasLayers } from './keras-layers.ts'

interface Node {
  readonly layer: KerasLayer
  /** Names of the Keras layers it reads. */
  readonly reads: readonly string[]
}

/** In place of a flatten layer that reads a vector, which TensorFlow.js refuses. */
const NOTHING: Layer = { type: 'activation', activation: 'linear' }

const nameOf = ({ config }: KerasLayer): string => String(config.name)

/** The layers of the network in Keras' words, each with what it reads. */
function nodesOf(
  network: Network,
  leading: readonly KerasLayer[],
  inputName: string,
  taken: Set<string>,
): Node[] {
  const nodes: Node[] = []
  const append = (layers: readonly KerasLayer[], reads: readonly string[]): string => {
    for (const layer of layers) {
      nodes.push({ layer, reads })
      reads = [nameOf(layer)]
    }
    return reads[0] ?? inputName
  }
  const givenBy = new Map([[INPUT, append(leading, [inputName])]])
  const shapes = new Map([[INPUT, network.inputShape]])
  for (const [position, placed] of network.layers.entries()) {
    const inputs = layerInputs(network, position)
    const reads = inputs.map((from) => givenBy.get(from) ?? from)
    const shape = shapes.get(inputs[0] ?? INPUT) ?? network.inputShape
    const flat = placed.layer.type === 'flatten' && shape.length === 1
    const exported = flat ? { ...placed, layer: NOTHING } : placed
    givenBy.set(placed.name, append(kerasLayers(exported, shape, taken), reads))
    shapes.set(placed.name, placed.outputShape)
  }
  return nodes
}

const kerasConfig = ({ config }: KerasLayer) => ({ ...config, trainable: true, dtype: 'float32' })

function sequential(nodes: readonly Node[], inputShape: readonly (number | null)[]) {
  const layers = nodes.map(({ layer }, position) => ({
    class_name: layer.class_name,
    config: {
      ...kerasConfig(layer),
      ...(position === 0 ? { batch_input_shape: inputShape } : {}),
    },
  }))
  return { class_name: 'Sequential', config: { name: 'distillery', layers } }
}

function functional(
  nodes: readonly Node[],
  inputShape: readonly (number | null)[],
  inputName: string,
) {
  const input = {
    class_name: 'InputLayer',
    name: inputName,
    config: { batch_input_shape: inputShape, dtype: 'float32', sparse: false, name: inputName },
    inbound_nodes: [],
  }
  const layers = nodes.map(({ layer, reads }) => ({
    class_name: layer.class_name,
    name: nameOf(layer),
    config: kerasConfig(layer),
    inbound_nodes: [reads.map((from) => [from, 0, 0, {}])],
  }))
  return {
    class_name: 'Model',
    config: {
      name: 'distillery',
      layers: [input, ...layers],
      input_layers: [[inputName, 0, 0]],
      output_layers: [[layers.at(-1)?.name ?? inputName, 0, 0]],
    },
  }
}

/**
 * @param leading layers to put before those of the network
 * @returns the `modelTopology` of a tfjs layers model
 */
export function kerasTopology(
  network: Network,
  leading: readonly KerasLayer[],
): Record<string, unknown> {
  const taken = new Set([...leading.map(nameOf), ...network.layers.map(({ name }) => name)])
  const inputName = freeName(INPUT, taken)
  taken.add(inputName)
  const nodes = nodesOf(network, leading, inputName, taken)
  const inputShape = [null, ...network.inputShape]
  const model = isChain(network)
    ? sequential(nodes, inputShape)
    : functional(nodes, inputShape, inputName)
  return { ...model, keras_version: '2.15.0', backend: 'tensorflow' }
}
