/** What the README and the examples tell people to type, typed. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACTIVATIONS } from '../../src/domain/activation.ts'
import { inferNetwork } from '../../src/domain/infer-network.ts'
import { LAYER_TYPES, type LayerSpec } from '../../src/domain/layers.ts'
import { fewestTokens } from '../../src/domain/tokens.ts'
import { writeSafetensors } from '../../workers/engine/export/safetensors.ts'
import { apply } from '../../workers/engine/forward.ts'
import { tf } from '../../workers/engine/tensorflow.ts'
import { initialize, type NamedArray, upload } from '../../workers/engine/weights.ts'
import { useService } from '../support/service.ts'
import { BRANCHES, MORE_LAYERS, networkOf, SEQUENCES, TOKENS } from '../unit/engine/support.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const MINUTES = 60_000
const service = useService({ workers: 1 })

/** Looks like the project's folder to the commands, and takes what they write. */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'distillery-readme-'))
  for (const name of ['src', 'examples'])
    symlinkSync(path.join(ROOT, name), path.join(folder, name))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Run {
  readonly stdout: string
  readonly stderr: string
}

/** @throws Error with all output when the command fails */
function run(file: string, args: readonly string[], input?: string): Run {
  const { API_KEY: _, ...env } = process.env
  const result = spawnSync(file, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 4 * MINUTES,
    env: {
      ...env,
      BASE: service().url,
      DISTILLERY_URL: service().url,
      PYTHONPATH: path.join(folder, 'out/python'),
    },
    ...(input === undefined ? {} : { input }),
  })
  if (result.error) throw new Error(`${file} cannot be run: ${result.error.message}`)
  if (result.status !== 0)
    throw new Error(
      `${file} ${args.join(' ')} ended with ${result.status ?? result.signal}\n${result.stdout}\n${result.stderr}`,
    )
  return result
}

/** Says what is missing, and how to get it, rather than leaving the tests out. */
function providePython(): void {
  try {
    execFileSync('python3', ['--version'])
  } catch {
    throw new Error('python3 is needed for the examples: install it (Debian, Ubuntu: python3)')
  }
  try {
    run('python3', ['-c', 'import numpy, safetensors'])
  } catch {
    try {
      run('python3', [
        ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
        ...['--target', path.join(folder, 'out/python'), 'numpy', 'safetensors'],
      ])
    } catch (error) {
      throw new Error(
        'numpy and safetensors are needed for the examples, and pip could not bring them: install python3-pip, and check that pip reaches its index',
        { cause: error },
      )
    }
  }
}

const walkThrough = (): string => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8')
  const section = /^## Walk-through with curl$([\s\S]*?)^## /m.exec(readme)?.[1] ?? ''
  const blocks = [...section.matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  expect(blocks.length).toBeGreaterThan(5)
  return blocks.join('\n')
}

const accuracyIn = (text: string): number =>
  Number(/accuracy (\d\.\d+) on 100 rows/.exec(text)?.[1])

test("the README's walk-through works as it stands, and its student knows the digits in NumPy", {
  timeout: 5 * MINUTES,
}, async () => {
  providePython()
  const { stdout } = run('bash', ['-euo', 'pipefail', '-c', walkThrough()])
  expect(stdout).toContain('succeeded')
  expect(stdout).toContain('complete')
  expect(stdout).toContain('normalization.mean (1,)')
  expect(stdout).toContain("classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']")
  // Chance is 0.1. The student was trained on these rows too, with a tenth of the labels.
  expect(accuracyIn(stdout)).toBeGreaterThan(0.6)
  const report = JSON.parse(readFileSync(path.join(folder, 'out/report.json'), 'utf8'))
  expect(report.arms.distilled.metrics.accuracy).toMatchObject({ n: 3 })
  expect(report.evaluation.labelledFraction).toBe(0.1)
})

test('client.py uploads a dataset, runs a job on it and downloads a student that load_student.py runs', {
  timeout: 5 * MINUTES,
}, () => {
  providePython()
  const client = (...args: string[]): Run => run('python3', ['examples/client.py', ...args])
  writeFileSync(path.join(folder, 'two.csv'), twoClasses())
  const dataset = client('upload', 'two.csv', '--label-column', 'side').stdout.trim()
  expect(dataset).toMatch(/^ds_/)
  const { stdout } = client(
    ...['run', 'examples/digits.json', '--out', 'students'],
    ...['--set', `dataset={"id": "${dataset}"}`, '--set', 'evaluation.folds=2'],
    ...['--set', 'teacher.train.architecture={"preset": "mlp", "hiddenUnits": [16]}'],
    ...['--set', 'student.architecture={"preset": "logistic"}', '--set', 'training.epochs=40'],
    ...['--set', 'training.optimizer.learningRate=0.05'],
    ...['--set', 'teacher.train.training.optimizer.learningRate=0.05'],
  )
  expect(stdout).toMatch(/^accuracy +[\d.]+ ± [\d.]+ +[\d.]+ ± [\d.]+ +[\d.]+ ± [\d.]+/m)
  const student = /^student: (.+)$/m.exec(stdout)?.[1] ?? ''
  const rows = run('curl', [
    ...['-sSf', `${service().url}/v1/datasets/${dataset}/preview?limit=100`],
  ]).stdout
  writeFileSync(path.join(folder, 'rows.json'), rows)
  const loaded = run('python3', ['examples/load_student.py', student, 'rows.json']).stdout
  expect(loaded).toContain('classes left, right')
  expect(accuracyIn(loaded)).toBeGreaterThan(0.9)
})

test('client.py says what the service said when it refuses', () => {
  expect(() =>
    run('python3', ['examples/client.py', 'run', 'examples/seed-framework.json']),
  ).toThrow(/error: 422 invalid-spec: \/dataset\/id: no dataset ds_set_me/)
})

test('upload_mnist.sh uploads two pairs of IDX files', () => {
  for (const [prefix, rows] of [
    ['train', 6],
    ['t10k', 4],
  ] as const) {
    const labels = Uint8Array.from({ length: rows }, (_, row) => row % 2)
    const pixels = new Uint8Array(rows * 9).fill(7)
    writeFileSync(
      path.join(folder, `${prefix}-images-idx3-ubyte`),
      Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 3, 0, 0, 0, 3]), pixels]),
    )
    writeFileSync(
      path.join(folder, `${prefix}-labels-idx1-ubyte`),
      Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, rows]), labels]),
    )
  }
  const ids = run('bash', ['examples/upload_mnist.sh', '.']).stdout.trim().split('\n')
  expect(ids).toEqual([expect.stringMatching(/^ds_/), expect.stringMatching(/^ds_/)])
  expect(new Set(ids).size).toBe(2)
  expect(() => run('bash', ['examples/upload_mnist.sh', 'src'])).toThrow(
    /src has no train-images-idx3-ubyte/,
  )
})

/** 200 points on both sides of 0. */
const twoClasses = (): string =>
  [
    'x,y,side',
    ...Array.from({ length: 200 }, (_, row) => {
      const isRight = row % 2 === 1
      return `${isRight ? 1 + (row % 7) : -1 - (row % 5)},${row % 3},${isRight ? 'right' : 'left'}`
    }),
  ].join('\n')

/** Every type of layer, odd sizes, both paddings, strides, every activation. */
const everyLayer = () =>
  inferNetwork(
    {
      layers: [
        { type: 'conv2d', filters: 5, kernelSize: [3, 2], padding: 'same', activation: 'elu' },
        { type: 'batchNormalization', epsilon: 0.01 },
        { type: 'averagePooling2d', poolSize: 3, strides: 2, padding: 'same' },
        { type: 'conv2d', filters: 6, kernelSize: 2, strides: 2, padding: 'same', useBias: false },
        { type: 'activation', activation: 'relu' },
        { type: 'maxPooling2d', poolSize: 2, strides: 1, padding: 'same' },
        { type: 'conv2d', filters: 8, kernelSize: 2, activation: 'tanh' },
        { type: 'maxPooling2d', poolSize: [2, 1] },
        { type: 'flatten' },
        { type: 'dense', units: 12, activation: 'sigmoid' },
        { type: 'dropout', rate: 0.4 },
        { type: 'dense', units: 4 },
      ],
    },
    [17, 14, 3],
    4,
    '',
  )

const pooledNetwork = () =>
  inferNetwork(
    {
      layers: [
        { type: 'conv2d', filters: 4, kernelSize: 3, strides: 2, padding: 'valid' },
        { type: 'globalAveragePooling2d' },
        { type: 'dense', units: 3 },
      ],
    },
    [9, 8, 1],
    3,
    '',
  )

test('load_student.py computes what the engine computes, for every type of layer', () => {
  providePython()
  const inferred = [everyLayer(), pooledNetwork()].map((inference) => {
    if ('issues' in inference) throw new Error(JSON.stringify(inference.issues))
    return inference.network
  })
  const activations: LayerSpec[] = ACTIVATIONS.map((activation) => ({
    type: 'activation',
    activation,
  }))
  const networks = [
    ...inferred,
    networkOf([9, 8, 1], MORE_LAYERS),
    networkOf([9, 8, 1], BRANCHES),
    networkOf([9, 8, 1], SEQUENCES),
    networkOf([9, 8, 1], TOKENS),
    networkOf([9, 8, 1], [...activations, { type: 'flatten' }, { type: 'dense', units: 3 }]),
  ]
  const used = new Set(networks.flatMap(({ layers }) => layers.map(({ layer }) => layer.type)))
  expect([...used].toSorted()).toEqual([...LAYER_TYPES].toSorted())

  for (const network of networks) {
    const [height = 1, width = 1, channels = 1] = network.inputShape
    const size = height * width * channels
    const wave = (count: number, phase: number, shift = 0): Float32Array =>
      Float32Array.from({ length: count }, (_, index) => shift + Math.sin(phase + 1.7 * index))
    // Not the values that training starts with: biases of 0 and averages of 0 and 1 would hide mistakes.
    const weights: NamedArray[] = initialize(network, 3).map((array, position) =>
      /kernel$/i.test(array.name)
        ? array
        : { ...array, values: wave(array.values.length, position, 1.5) },
    )
    const takesTokens = fewestTokens(network) !== null
    const fitted: NamedArray[] = [
      { name: 'normalization.mean', shape: [channels], values: wave(channels, 0) },
      { name: 'normalization.standardDeviation', shape: [channels], values: wave(channels, 5, 2) },
    ]
    const normalization = takesTokens ? [] : fitted
    const metadata = {
      network: JSON.stringify(network),
      classNames: 'null',
      manifest: '{}',
    }
    writeFileSync(
      path.join(folder, 'every.safetensors'),
      Buffer.concat([...writeSafetensors([...weights, ...normalization], metadata)]),
    )
    const rows = Array.from({ length: 3 }, (_, row) =>
      takesTokens ? wave(size, row).map((value) => Math.floor(4 * (1 + value))) : wave(size, row),
    )
    const expected = tf.tidy(() => {
      const raw = tf.tensor4d(
        rows.flatMap((row) => [...row]),
        [3, height, width, channels],
      )
      const [mean, deviation] = normalization.map(({ values }) => tf.tensor1d(values))
      const inputs = mean && deviation ? tf.div(tf.sub(raw, mean), deviation) : raw
      return apply(network, upload(weights), inputs, { training: false }).logits.arraySync()
    })
    const program = [
      'import json, sys',
      'sys.path.insert(0, "examples")',
      'from load_student import load, logits',
      'tensors, metadata = load("every.safetensors")',
      'print(json.dumps(logits(tensors, metadata, json.load(sys.stdin)).tolist()))',
    ].join('\n')
    const { stdout } = run('python3', ['-c', program], JSON.stringify(rows.map((row) => [...row])))
    const found = JSON.parse(stdout) as number[][]
    for (const [row, logits] of expected.entries())
      for (const [index, logit] of logits.entries())
        expect(found[row]?.[index]).toBeCloseTo(logit, 4)
  }
})
