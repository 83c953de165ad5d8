/** An uploaded ONNX model as a teacher: everything about it is checked, and nothing of it is run. */
import type { ForeignGraph, InputLayout } from '../../domain/foreign-graph.ts'
import { listed, ModelError, quoted } from '../model-error.ts'
import { batchOf, classesOf, type Dimension, placeRows, showDimensions } from '../rows-of-graph.ts'
import { describeNode, type OnnxFile, readOnnxFile } from './onnx-file.ts'
import { ONNX_OPERATORS, REFUSED_OPERATORS } from './operators.ts'
import type { OnnxNode, OnnxValue } from './read-messages.ts'
import { MAX_TENSOR_BYTES, typeName } from './tensor.ts'

const IR_VERSIONS = { oldest: 3, newest: 10 }
const OPSETS = { oldest: 7, newest: 21 }
const FLOAT = 1
/** float16 and double count as weights too. */
const FLOATING = [1, 10, 11]

export interface OnnxChoices {
  readonly layout: InputLayout | null
  /** Name of the output with the logits; null: the first that can be. */
  readonly output: string | null
}

export interface OnnxTeacher {
  readonly graph: ForeignGraph
  /** What was decided for the client, in words. */
  readonly notes: readonly string[]
}

function checkVersions({ irVersion, opsets }: OnnxFile): void {
  const opset = opsets.get('')
  if (opset === undefined)
    throw new ModelError('onnx-opset-not-supported', 'the model does not say which opset it uses')
  if (opset < OPSETS.oldest || opset > OPSETS.newest)
    throw new ModelError(
      'onnx-opset-not-supported',
      `the model uses opset ${opset}; accepted are ${OPSETS.oldest} to ${OPSETS.newest}. Export it with opset_version=18, or convert it with onnx.version_converter.convert_version(model, 18)`,
    )
  if (irVersion < IR_VERSIONS.oldest || irVersion > IR_VERSIONS.newest)
    throw new ModelError(
      'onnx-ir-version-not-supported',
      `the file has IR version ${irVersion}; accepted are ${IR_VERSIONS.oldest} to ${IR_VERSIONS.newest}. Set model.ir_version = 10 before you save it`,
    )
}

function checkOperator(node: OnnxNode, what: string): void {
  if (node.domain !== '' && node.domain !== 'ai.onnx')
    throw new ModelError(
      'onnx-operator-not-supported',
      `${what} is an operator of the domain ${quoted(node.domain)}; accepted are operators of the ONNX standard (default domain)`,
    )
  if (!ONNX_OPERATORS.has(node.type))
    throw new ModelError(
      'onnx-operator-not-supported',
      `${what} is not an operator that is run here: ${REFUSED_OPERATORS.get(node.type) ?? 'accepted are the operators of the ONNX standard up to opset 21 that compute tensors from tensors'}`,
    )
}

/** Each name is given once, before it is read; an empty name is an optional input or output that is left out. */
function checkWiring(file: OnnxFile): Map<string, OnnxNode> {
  const given = new Set(file.inputs.map(({ name }) => name))
  for (const { name } of file.initializers) {
    if (name === '') throw new ModelError('onnx-wiring-not-valid', 'an initializer has no name')
    given.add(name)
  }
  const makers = new Map<string, OnnxNode>()
  for (const [index, node] of file.nodes.entries()) {
    const what = describeNode(node, index)
    checkOperator(node, what)
    const missing = node.inputs.find((name) => name !== '' && !given.has(name))
    if (missing !== undefined)
      throw new ModelError(
        'onnx-input-missing',
        `${what} reads ${quoted(missing)}, which is no input, no initializer and no output of an earlier node: a weight is missing from the file. Export the whole model again`,
      )
    for (const name of node.outputs.filter((output) => output !== '')) {
      if (given.has(name))
        throw new ModelError('onnx-wiring-not-valid', `${what} gives ${quoted(name)} a second time`)
      given.add(name)
      makers.set(name, node)
    }
  }
  const lost = file.outputs.find(({ name }) => !given.has(name))
  if (lost)
    throw new ModelError(
      'onnx-wiring-not-valid',
      `nothing in the graph gives the output ${quoted(lost.name)}`,
    )
  return makers
}

function checkSizes(values: readonly OnnxValue[]): void {
  for (const { name, shape } of values) {
    const bytes = 4 * (shape ?? []).reduce<number>((product, side) => product * (side || 1), 1)
    if (!(bytes <= MAX_TENSOR_BYTES))
      throw new ModelError(
        'onnx-tensor-too-large',
        `tensor ${quoted(name)} has the shape ${showDimensions(shape ?? [])}, which is ${bytes} bytes; at most ${MAX_TENSOR_BYTES} are allowed`,
      )
  }
}

/** Files of IR version 3 list initializers among the inputs. */
function dataInput(file: OnnxFile): OnnxValue {
  const initialized = new Set(file.initializers.map(({ name }) => name))
  const inputs = file.inputs.filter(({ name }) => !initialized.has(name))
  const [input] = inputs
  if (!input || inputs.length > 1)
    throw new ModelError(
      'onnx-inputs-not-supported',
      `the model has ${inputs.length} inputs (${listed(inputs.map(({ name }) => name))}); a teacher has one, the rows of the dataset`,
    )
  if (input.elementType !== FLOAT)
    throw new ModelError(
      'onnx-inputs-not-supported',
      `input ${quoted(input.name)} takes ${typeName(input.elementType)}; a teacher takes float (float32). Export the model in float32, with the conversion inside if it needs another type`,
    )
  return input
}

interface Output {
  readonly name: string
  readonly shape: readonly Dimension[]
  readonly classes: number
  readonly notes: readonly string[]
}

/** The node that computes it, over what does not change numbers. */
function origin(name: string, makers: ReadonlyMap<string, OnnxNode>): OnnxNode | undefined {
  let node = makers.get(name)
  while (node?.type === 'Identity') node = makers.get(node.inputs[0] ?? '')
  return node
}

function withoutSoftmax(
  output: OnnxValue,
  classes: number,
  makers: ReadonlyMap<string, OnnxNode>,
): Output {
  const shape = output.shape ?? []
  const last = origin(output.name, makers)
  const as = { shape, classes }
  if (last?.type === 'Sigmoid')
    throw new ModelError(
      'output-is-not-classes',
      `output ${quoted(output.name)} ends in a Sigmoid, which answers a question for each class alone; a teacher gives one logit a class, of which one class is right. Export the model without it`,
    )
  const [logits = ''] = last?.inputs ?? []
  const axis = last?.attributes.find(({ name }) => name === 'axis')?.integer ?? -1
  if (last?.type !== 'Softmax' || logits === '' || (axis !== -1 && axis !== 1))
    return { name: output.name, ...as, notes: [] }
  return {
    name: logits,
    ...as,
    notes: [
      `the softmax that gives ${quoted(output.name)} is left out, because a teacher gives logits: ${quoted(logits)} is taken`,
    ],
  }
}

function chooseOutput(
  file: OnnxFile,
  makers: ReadonlyMap<string, OnnxNode>,
  asked: string | null,
): Output {
  const floats = file.outputs.filter(({ elementType }) => elementType === FLOAT)
  const names = file.outputs.map(({ name }) => name)
  if (asked !== null) {
    const value = file.outputs.find(({ name }) => name === asked)
    if (!value)
      throw new ModelError(
        'output-not-found',
        `the model has no output ${quoted(asked)}; its outputs are ${listed(names)}`,
      )
    if (value.elementType !== FLOAT)
      throw new ModelError(
        'output-is-not-classes',
        `output ${quoted(asked)} is ${typeName(value.elementType)}; logits are float (float32)`,
      )
    return withoutSoftmax(value, classesOf(value.shape, `output ${quoted(asked)}`), makers)
  }
  const [first] = floats
  if (!first)
    throw new ModelError(
      'output-is-not-classes',
      `none of the outputs (${listed(names)}) is float (float32), as logits are`,
    )
  const fitting = floats.find(({ shape }) => shape?.length === 2 && (shape[1] ?? 0) >= 2) ?? first
  const found = withoutSoftmax(
    fitting,
    classesOf(fitting.shape, `output ${quoted(fitting.name)}`),
    makers,
  )
  return names.length === 1
    ? found
    : {
        ...found,
        notes: [
          `of the outputs ${listed(names)}, ${quoted(fitting.name)} is taken; \`output=\` chooses another`,
          ...found.notes,
        ],
      }
}

/** Tensors in between that are float32, or of which nobody says what they are. */
function findTaps(file: OnnxFile, makers: ReadonlyMap<string, OnnxNode>): ForeignGraph['taps'] {
  const known = new Map([...file.values, ...file.outputs].map((value) => [value.name, value]))
  return [...makers.keys()].flatMap((name) => {
    const value = known.get(name)
    if (!value || value.elementType === 0) return [{ name, shape: null }]
    return value.elementType === FLOAT ? [{ name, shape: value.shape?.slice(1) ?? null }] : []
  })
}

function checkFile(file: OnnxFile, choices: OnnxChoices): OnnxTeacher {
  checkVersions(file)
  const makers = checkWiring(file)
  checkSizes([...file.inputs, ...file.outputs, ...file.values])
  const given = dataInput(file)
  const { input, inputShape } = placeRows(
    given.name,
    given.shape,
    choices.layout,
    `input ${quoted(given.name)}`,
  )
  const output = chooseOutput(file, makers, choices.output)
  if (!makers.has(output.name))
    throw new ModelError('output-is-not-classes', 'the output is not computed from the input')
  const weights = file.initializers.filter(({ type }) => FLOATING.includes(type))
  return {
    graph: {
      inputShape,
      classes: output.classes,
      // An exporter that wrote the batch of its example into the output wrote it into the graph as well.
      input: { ...input, batchRows: input.batchRows ?? batchOf(output.shape) },
      output: output.name,
      taps: findTaps(file, makers),
      parameters: weights.reduce((sum, { elements }) => sum + elements, 0),
    },
    notes:
      input.layout === 'channels-first' && choices.layout === null
        ? [
            `input ${quoted(given.name)} is read with channels first; \`layout=channels-last\` says otherwise`,
            ...output.notes,
          ]
        : output.notes,
  }
}

/**
 * @param path of the file on disk
 * @throws ModelError for anything that could not be run here with the same numbers, or that is no ONNX model
 */
export const readOnnx = async (path: string, choices: OnnxChoices): Promise<OnnxTeacher> =>
  checkFile(await readOnnxFile(path), choices)
