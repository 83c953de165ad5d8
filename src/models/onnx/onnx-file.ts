/** An ONNX file in parts, read without its weights: of those only name, type, shape and number of bytes are kept. */
import { open } from 'node:fs/promises'
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { ModelError, quoted } from '../model-error.ts'
import { type FileField, FileView, fileFields, memoryView } from '../protobuf/file-view.ts'
import { damaged, integer } from '../protobuf/read-fields.ts'
import { type OnnxNode, type OnnxValue, readNode, readOpset, readValue } from './read-messages.ts'
import { type OnnxTensor, readTensor } from './tensor.ts'

/** Of everything but the initializers. */
const MAX_GRAPH_BYTES = 64 * 1024 * 1024
const MAX_NODES = 50_000
const MAX_TENSORS = 50_000

export interface OnnxFile {
  readonly irVersion: number
  /** Version by domain; the default domain is the empty text. */
  readonly opsets: ReadonlyMap<string, number>
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** What the exporter wrote about tensors in between. */
  readonly values: readonly OnnxValue[]
}

const tooLarge = (what: string, limit: number): ModelError =>
  new ModelError(
    'onnx-graph-too-large',
    `the graph has more than ${limit} ${what}; weights belong into initializers, and a classifier needs fewer`,
  )

class Parts {
  irVersion = 0
  readonly opsets = new Map<string, number>()
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly inputs: OnnxValue[] = []
  readonly outputs: OnnxValue[] = []
  readonly values: OnnxValue[] = []
  #graphs = 0
  #graphBytes = 0
  readonly #view: FileView

  constructor(view: FileView) {
    this.#view = view
  }

  async #bytes({ start, end }: FileField): Promise<Uint8Array> {
    this.#graphBytes += end - start
    if (this.#graphBytes > MAX_GRAPH_BYTES)
      throw tooLarge('bytes beside its weights', MAX_GRAPH_BYTES)
    return this.#view.bytes(start, end)
  }

  async #integer(field: FileField): Promise<number> {
    const bytes = await this.#bytes(field)
    try {
      return integer(new BinaryReader(bytes))
    } catch (error) {
      throw damaged('the ONNX file', error)
    }
  }

  async readModel(): Promise<void> {
    const whole = { start: 0, end: this.#view.sizeBytes }
    for await (const field of fileFields(this.#view, whole, 'the ONNX file'))
      switch (field.number) {
        case 1:
          this.irVersion = await this.#integer(field)
          break
        case 7:
          // The second would be merged with the first, which nobody who exports a model means.
          if (++this.#graphs > 1) throw damaged('the ONNX file', new RangeError('two graphs'))
          await this.#readGraph(field)
          break
        case 8: {
          const { domain, version } = readOpset(await this.#bytes(field))
          this.opsets.set(domain === 'ai.onnx' ? '' : domain, version)
          break
        }
        case 20:
          throw new ModelError(
            'onnx-training-info',
            'the model carries training steps, which are not run here; export it for inference',
          )
        case 25:
          throw new ModelError(
            'onnx-functions-not-supported',
            'the model defines functions of its own; write their nodes into the graph: onnx.inliner.inline_local_functions(model)',
          )
      }
    if (this.#graphs === 0) throw damaged('the ONNX file', new RangeError('it has no graph'))
  }

  async #readGraph(graph: FileField): Promise<void> {
    for await (const field of fileFields(this.#view, graph, 'the graph'))
      switch (field.number) {
        case 1:
          if (this.nodes.length === MAX_NODES) throw tooLarge('nodes', MAX_NODES)
          await this.#readNode(await this.#bytes(field))
          break
        case 5:
          if (this.initializers.length === MAX_TENSORS) throw tooLarge('initializers', MAX_TENSORS)
          this.initializers.push(
            await readTensor(this.#view, field, `initializer ${this.initializers.length}`),
          )
          break
        case 11:
          this.inputs.push(readValue(await this.#bytes(field), `input ${this.inputs.length}`))
          break
        case 12:
          this.outputs.push(readValue(await this.#bytes(field), `output ${this.outputs.length}`))
          break
        case 13:
          this.values.push(readValue(await this.#bytes(field), 'a value_info'))
          break
        case 15:
          throw new ModelError(
            'onnx-type-not-supported',
            'the graph has a sparse initializer; make it dense before you export',
          )
      }
  }

  async #readNode(bytes: Uint8Array): Promise<void> {
    const node = readNode(bytes, `node ${this.nodes.length}`)
    const what = describeNode(node, this.nodes.length)
    for (const { name, tensors, foreign } of node.attributes) {
      if (foreign)
        throw new ModelError(
          'onnx-attribute-not-supported',
          `${what}: attribute ${quoted(name)} is ${foreign}, which is not read; export the model without control flow and functions`,
        )
      for (const tensor of tensors)
        await readTensor(
          memoryView(tensor),
          { start: 0, end: tensor.length },
          `${what}: the tensor in attribute ${quoted(name)}`,
        )
    }
    this.nodes.push(node)
  }
}

/** A node as messages name it. */
export const describeNode = ({ name, type }: OnnxNode, index: number): string =>
  `node ${name ? quoted(name) : index} (${quoted(type).slice(1, -1)})`

/** @throws ModelError when the file is no ONNX model, or holds what is not read here */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  await using file = await open(path)
  const parts = new Parts(new FileView(file, (await file.stat()).size))
  await parts.readModel()
  return parts
}
