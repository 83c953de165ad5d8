/** A Keras model without weights, as `model.to_json()` describes it, as a network to train. */
import type { KerasReader } from '../domain/keras-reader.ts'
import { buildNetwork } from './keras-network.ts'
import { checkTrainable, initializerNotes } from './keras-training-options.ts'
import { ModelError } from './model-error.ts'
import { readTopology } from './topology.ts'

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 120) : ''
    throw new ModelError('model-json-not-valid', `the text is not JSON: ${why}`)
  }
}

/** Sequential or functional, of Keras 2 or 3. A softmax at the end is taken off. */
export const readKerasArchitecture: KerasReader = (document, rows) => {
  const isText = typeof document === 'string'
  try {
    const topology = readTopology(isText ? parse(document) : document)
    const layers = topology.nodes.map(({ layer }) => layer)
    for (const layer of layers) checkTrainable(layer)
    const { network, notes } = buildNetwork(topology, rows)
    const outputPointer = isText ? '' : (layers.at(-1)?.pointer ?? '')
    return { network, notes: [...notes, ...initializerNotes(layers)], outputPointer }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    const { code, pointer, message } = error
    // A pointer cannot lead into a text.
    return isText
      ? { issues: [{ pointer: '', code, message: pointer ? `${pointer}: ${message}` : message }] }
      : { issues: [{ pointer, code, message }] }
  }
}
