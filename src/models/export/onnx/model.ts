/**
 * A network as an ONNX model: `input`, raw rows as the service takes them, to `logits`. The normalization of inputs is part
 * of the graph. Opset 17, the first with LayerNormalization, so that runtimes of 2022 load it.
 */
import { INPUT, layerInputs, outputShape } from '../../../domain/network.ts'
import { MODEL, type ModelProto } from '../../onnx/messages.ts'
import { type Encoded, encode } from '../../protobuf/message.ts'
import type { ModelContent } from '../model-content.ts'
import { OnnxGraph } from './graph.ts'
import { Images, type Value } from './images.ts'
import { layerNodes } from './layers.ts'

const OPSET = 17
/** That came with opset 17. */
const IR_VERSION = 8
const OUTPUT = 'logits'

function normalized(graph: OnnxGraph, { network, normalization }: ModelContent): Value {
  const rows: Value = { name: INPUT, shape: network.inputShape, channels: 'last' }
  if (!normalization) return rows
  const mean = graph.floats('normalization.mean', normalization.mean)
  const deviation = graph.floats('normalization.standardDeviation', normalization.standardDeviation)
  const centred = graph.node('normalization/centred', 'Sub', [INPUT, mean])
  return { ...rows, name: graph.node('normalization', 'Div', [centred, deviation]) }
}

export function onnxModel(content: ModelContent): Encoded {
  const { network, metadata } = content
  const graph = new OnnxGraph([INPUT, OUTPUT])
  const around = { ...content, graph, images: new Images(graph) }
  let last = normalized(graph, content)
  const given = new Map([[INPUT, last]])
  for (const [position, placed] of network.layers.entries()) {
    const inputs = layerInputs(network, position).map((from) => {
      const value = given.get(from)
      if (!value) throw new Error(`layer ${placed.name} reads ${from}, which is not before it`)
      return value
    })
    last = layerNodes(around, placed, inputs as [Value, ...Value[]])
    given.set(placed.name, last)
  }
  const model: ModelProto = {
    irVersion: IR_VERSION,
    producerName: 'distillery',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: graph.finish([INPUT, network.inputShape], [OUTPUT, outputShape(network)], last.name),
  }
  return encode(MODEL, model)
}
