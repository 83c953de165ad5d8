/**
 * A network as a SavedModel of TensorFlow: one graph with the weights as constants, and the signature `serving_default` from
 * `input`, raw rows as the service takes them, to `logits`. Written without TensorFlow.
 */
import { INPUT, layerInputs, outputShape } from '../../../domain/network.ts'
import { type Encoded, encode } from '../../protobuf/message.ts'
import { DATA_TYPES, SAVED_MODEL, type SavedModelProto } from '../../tensorflow/messages.ts'
import type { ModelContent } from '../model-content.ts'
import { attr, FLOAT, TensorFlowGraph, tensorShape } from './graph.ts'
import { layerNodes } from './layers.ts'

/** Of the GraphDef format: decides which of the removed behaviours TensorFlow still honours. That of TensorFlow 2.9. */
const PRODUCER = 1087
const OUTPUT = 'logits'

function normalized(graph: TensorFlowGraph, input: string, content: ModelContent): string {
  const { normalization } = content
  if (!normalization) return input
  const { mean, standardDeviation } = normalization
  const centred = graph.node('normalization/centred', 'Sub', [
    input,
    graph.floats('normalization/mean', mean),
  ])
  const deviation = graph.floats('normalization/standard_deviation', standardDeviation)
  return graph.node('normalization', 'RealDiv', [centred, deviation])
}

/** The content of `saved_model.pb`. */
export function savedModel(content: ModelContent): Encoded {
  const { network } = content
  const graph = new TensorFlowGraph()
  const rows = [-1, ...network.inputShape]
  const input = graph.node(INPUT, 'Placeholder', [], {
    dtype: attr.type('float32'),
    shape: attr.shape(rows),
  })
  let last = normalized(graph, input, content)
  const given = new Map([[INPUT, last]])
  const shapes = new Map([[INPUT, network.inputShape]])
  for (const [position, placed] of network.layers.entries()) {
    const reads = layerInputs(network, position)
    const shape = shapes.get(reads[0] ?? INPUT) ?? network.inputShape
    const inputs = reads.map((from) => {
      const name = given.get(from)
      if (!name) throw new Error(`layer ${placed.name} reads ${from}, which is not before it`)
      return name
    })
    last = layerNodes({ ...content, graph }, placed, inputs as [string, ...string[]], shape)
    shapes.set(placed.name, placed.outputShape)
    given.set(placed.name, last)
  }
  const output = graph.node(OUTPUT, 'Identity', [last], FLOAT)
  const tensor = (key: string, node: string, shape: readonly number[]) => ({
    key,
    value: {
      name: `${node}:0`,
      dtype: DATA_TYPES.float32,
      tensorShape: tensorShape(shape),
    },
  })
  const model: SavedModelProto = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'] },
        graphDef: { node: graph.nodes, versions: { producer: PRODUCER } },
        signatureDef: [
          {
            key: 'serving_default',
            value: {
              inputs: [tensor(INPUT, input, rows)],
              outputs: [tensor(OUTPUT, output, [-1, ...outputShape(network)])],
              methodName: 'tensorflow/serving/predict',
            },
          },
        ],
      },
    ],
  }
  return encode(SAVED_MODEL, model)
}
