#!/usr/bin/env node
/**
 * Runs a student in Node with onnxruntime-node, from an ONNX file (`format=onnx`).
 *
 *     node load-onnx.mjs student.onnx rows.json       prints the accuracy on labelled rows
 *
 * onnxruntime-node does not show the metadata of a model: class names come from `format=manifest`, or as here from the rows,
 * whose classes are numbers in the order of the logits.
 */
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'

export const load = (file) => InferenceSession.create(file)

/** Logits of raw rows, `rows * classes` numbers. */
export async function logits(session, rows) {
  const [{ shape }] = session.inputMetadata
  const numbers = Float32Array.from(rows.flat(Infinity))
  const input = new Tensor('float32', numbers, [rows.length, ...shape.slice(1)])
  return (await session.run({ input })).logits.data
}

async function main([model, file]) {
  if (!file) throw new Error('usage: load-onnx.mjs student.onnx rows.json')
  const session = await load(model)
  const rows = JSON.parse(await readFile(file, 'utf8')).data
  const answers = await logits(
    session,
    rows.map((row) => row.features),
  )
  const classes = answers.length / rows.length
  const right = rows.filter((row, at) => {
    const own = answers.subarray(at * classes, (at + 1) * classes)
    return own.indexOf(Math.max(...own)) === Number(row.label)
  })
  process.stdout.write(
    `accuracy ${(right.length / rows.length).toFixed(4)} on ${rows.length} rows\n`,
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
