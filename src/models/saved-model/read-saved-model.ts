/** An uploaded SavedModel as a teacher: everything about it is checked, and nothing of it is run. */
import type { ForeignGraph, InputLayout, SavedModelPart } from '../../domain/foreign-graph.ts'
import type { Archive } from '../archive.ts'
import { listed, ModelError, quoted } from '../model-error.ts'
import { batchOf, classesOf, placeRows } from '../rows-of-graph.ts'
import { checkComputing, checkRestoring, refuseForbidden } from './check-operations.ts'
import { cutGraph, SERVE } from './cut-graph.ts'
import { finalNode } from './final-node.ts'
import {
  DT_FLOAT,
  type MetaGraph,
  readMetaGraphs,
  type Signature,
  type SignatureTensor,
} from './messages.ts'
import { Graph, nodeOf } from './reach.ts'
import { parametersOf, variableFiles } from './variables.ts'

/** Of saved_model.pb: layers and their wiring; weights are in variables/. */
const MAX_GRAPH_BYTES = 256 * 1024 * 1024
const DEFAULT_SIGNATURE = 'serving_default'
const INIT_SIGNATURE = '__saved_model_init_op'

export interface SavedModelChoices {
  readonly layout: InputLayout | null
  /** Key of the output with the logits; null: the first that can be. */
  readonly output: string | null
  readonly signature: string | null
}

export interface SavedModelTeacher {
  readonly graph: ForeignGraph
  /** The choices that lead here again. */
  readonly part: SavedModelPart
  readonly notes: readonly string[]
  /** A `saved_model.pb` with the part of the graph that is run, and with the tag `serve`. */
  readonly graphBytes: Uint8Array
  /** Names in the archive of the files of the variables, to name in the folder `variables`. */
  readonly variables: ReadonlyMap<string, string>
}

async function readBytes(archive: Archive, name: string): Promise<Uint8Array> {
  const sizeBytes = archive.sizeBytes(name) ?? 0
  if (sizeBytes > MAX_GRAPH_BYTES)
    throw new ModelError(
      'saved-model-too-large',
      `${quoted(name)} has ${sizeBytes} bytes, at most ${MAX_GRAPH_BYTES} are allowed: weights belong into variables, not into the graph`,
    )
  const chunks: Uint8Array[] = []
  for await (const chunk of archive.read(name)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function serveGraph(graphs: readonly MetaGraph[]): MetaGraph {
  const found = graphs.filter(({ tags }) => tags.includes(SERVE))
  const [only] = found
  if (only && found.length === 1) return only
  throw new ModelError(
    'saved-model-not-valid',
    `saved_model.pb has ${found.length} graphs with the tag "serve" (its graphs have ${listed(graphs.flatMap(({ tags }) => tags))}); export it with model.export(path) or tf.saved_model.save`,
  )
}

function chooseSignature(
  { signatures }: MetaGraph,
  asked: string | null,
): { name: string; signature: Signature } {
  const names = [...signatures.keys()].filter((name) => name !== INIT_SIGNATURE)
  const [only] = names
  const name = asked ?? (names.length === 1 && only ? only : DEFAULT_SIGNATURE)
  const signature = signatures.get(name)
  if (signature) return { name, signature }
  throw new ModelError(
    'signature-not-found',
    `the SavedModel has no signature ${quoted(name)}; its signatures are ${listed(names)}: choose one with \`signature=\`, or export it with model.export(path)`,
  )
}

function chooseInput({ inputs }: Signature, where: string): SignatureTensor & { key: string } {
  const [only] = inputs
  if (!only || inputs.size > 1)
    throw new ModelError(
      'saved-model-inputs-not-supported',
      `${where} has ${inputs.size} inputs (${listed([...inputs.keys()])}); a teacher has one, the rows of the dataset`,
    )
  const [key, tensor] = only
  if (tensor.type !== DT_FLOAT)
    throw new ModelError(
      'saved-model-inputs-not-supported',
      `${where}: input ${quoted(key)} is not float32; export the model with float32 inputs, with the conversion inside if it needs another type`,
    )
  return { key, ...tensor }
}

function chooseOutput(
  { outputs }: Signature,
  asked: string | null,
  where: string,
): SignatureTensor & { key: string; classes: number; notes: string[] } {
  const keys = [...outputs.keys()].sort()
  const fits = (key: string): boolean => {
    const { type = 0, shape = null } = outputs.get(key) ?? {}
    return type === DT_FLOAT && shape?.length === 2 && (shape[1] ?? 0) >= 2
  }
  const key = asked ?? keys.find(fits) ?? keys[0] ?? ''
  const tensor = outputs.get(key)
  if (!tensor)
    throw new ModelError(
      'output-not-found',
      `${where} has no output ${quoted(key)}; its outputs are ${listed(keys)}`,
    )
  const what = `${where}: output ${quoted(key)}`
  if (tensor.type !== DT_FLOAT)
    throw new ModelError('output-is-not-classes', `${what} is not float32, as logits are`)
  const notes =
    asked === null && keys.length > 1
      ? [`of the outputs ${listed(keys)}, ${quoted(key)} is taken; \`output=\` chooses another`]
      : []
  return { key, ...tensor, classes: classesOf(tensor.shape, what), notes }
}

function checkMetaGraph(meta: MetaGraph, choices: SavedModelChoices) {
  if (meta.assets > 0)
    throw new ModelError(
      'saved-model-assets',
      `the SavedModel brings ${meta.assets} asset files, such as vocabularies; give the model numbers instead of text`,
    )
  refuseForbidden(meta)
  const { name, signature } = chooseSignature(meta, choices.signature)
  const where = `signature ${quoted(name)}`
  const input = chooseInput(signature, where)
  const output = chooseOutput(signature, choices.output, where)
  const rows = placeRows(
    input.name,
    input.shape,
    choices.layout,
    `${where}: input ${quoted(input.key)}`,
  )
  const graph = new Graph(meta)
  const run = graph.reach([nodeOf(input.name), nodeOf(output.name)])
  checkComputing(run, graph)
  const restoreRoots = meta.restore === '' ? [] : [nodeOf(meta.restore), nodeOf(meta.filename)]
  const restored = graph.reach(restoreRoots)
  checkRestoring(restored, graph, nodeOf(meta.filename))
  const last = finalNode(output.name, graph)
  if (last?.op === 'Sigmoid')
    throw new ModelError(
      'output-is-not-classes',
      `${where}: output ${quoted(output.key)} ends in a sigmoid, which answers a question for each class alone; a teacher gives one logit a class, of which one class is right. Export the model without it`,
    )
  const softmax = last?.op === 'Softmax' ? last : undefined
  const parameters = parametersOf(run.nodes)
  const part = { signature: name, output: output.key, layout: rows.input.layout }
  return { rows, output, part, run, restored, softmax, parameters }
}

/**
 * @param archive with one folder that has saved_model.pb
 * @throws ModelError for anything that could not be run here with the same numbers, or that is no SavedModel
 */
export async function readSavedModel(
  archive: Archive,
  choices: SavedModelChoices,
): Promise<SavedModelTeacher> {
  const file = archive.names.find((name) => /(^|\/)saved_model\.pb$/.test(name))
  if (file === undefined)
    throw new ModelError('saved-model-missing', 'there is no saved_model.pb in the archive')
  const folder = file.slice(0, -'saved_model.pb'.length)
  const meta = serveGraph(readMetaGraphs(await readBytes(archive, file)))
  const { rows, output, part, run, restored, softmax, parameters } = checkMetaGraph(meta, choices)
  const variables = variableFiles(archive, folder, run.nodes)
  const nodes = [...new Set([...run.nodes, ...restored.nodes])]
  const functions = [...new Set([...run.functions, ...restored.functions])]
  return {
    graph: {
      inputShape: rows.inputShape,
      classes: output.classes,
      input: { ...rows.input, batchRows: rows.input.batchRows ?? batchOf(output.shape ?? []) },
      output: output.name,
      // What happens inside a function of TensorFlow cannot be read from outside.
      taps: [],
      parameters,
    },
    part,
    notes: softmax
      ? [
          ...output.notes,
          `the softmax that gives ${quoted(output.key)} is taken off, because a teacher gives logits`,
        ]
      : output.notes,
    graphBytes: cutGraph(meta, { nodes, functions, softmax }),
    variables,
  }
}
