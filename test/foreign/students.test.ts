/** Delivered models in the runtimes that people have, by the examples that show how. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { WeightFormat } from '../../src/domain/model.ts'
import { elements } from '../../src/domain/network.ts'
import { difference } from '../unit/models/export/stored.ts'
import { unzip } from '../unit/models/export/unzip.ts'
import { type Digits, trainOnDigits } from './digits.ts'
import { type Case, writeModels } from './models.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const EXAMPLES = path.join(ROOT, 'examples')
const TFJS = path.join(ROOT, 'node_modules/@tensorflow/tfjs/dist/tf.min.js')
/** Of the largest logit, or of 1 where all are smaller. */
const BOUND = 1e-5

let folder: string
let digits: Digits
/** Of the digits' rows, by the engine. */
let accuracy: string
/** The rows as `GET /v1/datasets/{id}/preview` gives them. */
let labelledRows: string
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'foreign-'))
  digits = await trainOnDigits(folder)
  const { rows, answers } = digits.student
  const logits = await answers('float32')
  const right = digits.labels.filter((label, row) => {
    const own = logits.subarray(10 * row, 10 * row + 10)
    return String(own.indexOf(Math.max(...own))) === label
  })
  accuracy = `accuracy ${(right.length / 256).toFixed(4)} on 256 rows`
  labelledRows = path.join(folder, 'rows.json')
  const data = digits.labels.map((label, row) => ({
    label,
    features: [...rows.subarray(64 * row, 64 * row + 64)],
  }))
  writeFileSync(labelledRows, JSON.stringify({ data }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const written = new Map<WeightFormat, Promise<Case[]>>()
function models(format: WeightFormat): Promise<Case[]> {
  const cases = written.get(format) ?? writeModels(path.join(folder, format), format, digits)
  written.set(format, cases)
  return cases
}

function python(args: readonly string[], input = ''): string {
  const quiet = { TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '', KERAS_BACKEND: 'tensorflow' }
  return execFileSync(inject('python'), args, {
    input,
    encoding: 'utf8',
    env: { ...process.env, ...quiet },
    maxBuffer: 1 << 26,
  })
}

const floats = (file: string): Float32Array =>
  new Float32Array(new Uint8Array(readFileSync(file)).buffer)

/** Of each model: its name where the logits differ, with how much. */
const wrong = (cases: readonly Case[], got: (one: Case) => Float32Array): string[] =>
  cases.flatMap((one) => {
    const apart = difference(got(one), one.want)
    return apart < BOUND ? [] : [`${one.name}: ${apart}`]
  })

test('the student has learned something', () => {
  expect(Number(accuracy.split(' ')[1])).toBeGreaterThan(0.9)
})

describe.each([
  ['NumPy', 'safetensors', 'load_student'],
  ['PyTorch', 'safetensors', 'load_torch'],
  ['Keras', 'safetensors', 'load_keras'],
  ['TensorFlow', 'savedmodel', 'load_savedmodel'],
  ['onnxruntime', 'onnx', 'load_onnx'],
] as const)('%s, from %s', (_, format, module) => {
  test('gives the logits of the engine for every model', async () => {
    const cases = await models(format)
    python([path.join(import.meta.dirname, 'drive.py'), EXAMPLES, module], JSON.stringify(cases))
    expect(wrong(cases, ({ answers }) => floats(answers))).toEqual([])
  })

  test('runs as the example says', async () => {
    const [student] = await models(format)
    const out = python([path.join(EXAMPLES, `${module}.py`), student?.file ?? '', labelledRows])
    expect(out.trim().split('\n').at(-1)).toBe(accuracy)
  })
})

test('a SavedModel is a layer of a Keras model', async () => {
  const cases = (await models('savedmodel')).filter(({ name }) => name.startsWith('digits'))
  const drive = path.join(import.meta.dirname, 'drive.py')
  python([drive, import.meta.dirname, 'load_as_layer'], JSON.stringify(cases))
  expect(wrong(cases, ({ answers }) => floats(answers))).toEqual([])
})

test('ONNX models are what the checker of ONNX allows, with shapes that it infers to the same', async () => {
  const files = (await models('onnx')).map(({ file }) => file)
  const check =
    'import onnx, sys; [onnx.checker.check_model(onnx.load(f), True) for f in sys.argv[1:]]'
  python(['-c', check, ...files])
})

test('an ONNX model is made int8 as the documentation says', async () => {
  const guide = readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8')
  const [, line = ''] = /^python3 -c '(.*quantize_dynamic.*)'$/m.exec(guide) ?? []
  const [student] = await models('onnx')
  const quantized = path.join(folder, 'int8.onnx')
  python([
    '-c',
    line.replace('student.onnx', student?.file ?? '').replace('student.int8.onnx', quantized),
  ])
  const out = python([path.join(EXAMPLES, 'load_onnx.py'), quantized, labelledRows])
  const [got, want] = [out, accuracy].map((text) => Number(text.split(' ')[1]))
  expect(Math.abs((got ?? 0) - (want ?? 1))).toBeLessThan(0.03)
  expect(readFileSync(quantized).includes('DynamicQuantizeLinear')).toBe(true)
})

test('Node, from onnx: the example runs', async () => {
  const [student] = await models('onnx')
  const args = [path.join(EXAMPLES, 'load-onnx.mjs'), student?.file ?? '', labelledRows]
  const out = execFileSync(process.execPath, args, { encoding: 'utf8' })
  expect(out.trim()).toBe(accuracy)
})

describe('a browser, from tfjs', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    copyFileSync(TFJS, path.join(folder, 'tf.min.js'))
    copyFileSync(path.join(EXAMPLES, 'load-tfjs.html'), path.join(folder, 'page.html'))
    browser = await chromium.launch({
      executablePath: inject('chromium'),
      args: ['--no-sandbox', '--disable-gpu'],
    })
    page = await browser.newPage()
    await page.goto(pathToFileURL(path.join(folder, 'page.html')).href)
  })
  afterAll(() => browser?.close())

  const unpacked = async (zip: Buffer, name: string) => {
    const into = path.join(folder, 'unpacked', name)
    return (await unzip(zip, into)).map((file) => path.join(into, file))
  }

  test('gives the logits of the engine for every model', async () => {
    const cases = await models('tfjs')
    const got = new Map<Case, Float32Array>()
    for (const one of cases) {
      await page.setInputFiles('#model', await unpacked(readFileSync(one.file), one.name))
      const rows = [...floats(one.rows)]
      const width = elements(one.network.inputShape)
      const answers = await page.evaluate(
        `(async () => {
          const { model } = await load([...byId('model').files])
          const numbers = ${JSON.stringify(rows)}
          const rows = Array.from({ length: ${one.count} }, (_, row) => numbers.slice(row * ${width}, (row + 1) * ${width}))
          return (await logits(model, rows)).flat()
        })()`,
      )
      got.set(one, Float32Array.from(answers as number[]))
    }
    expect(wrong(cases, (one) => got.get(one) ?? new Float32Array())).toEqual([])
  })

  test('runs as the example says, with the file that training left', async () => {
    await page.setInputFiles('#model', await unpacked(digits.tfjs, 'as trained'))
    await page.setInputFiles('#rows', labelledRows)
    await page.click('#run')
    await page.waitForFunction(`byId('answer').value !== ''`)
    expect(await page.inputValue('#answer').catch(() => page.textContent('#answer'))).toBe(accuracy)
  })
})
