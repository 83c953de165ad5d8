import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { childProcessRenderer } from '../../../src/plot-renderer/child-process-renderer.ts'
import { drawPlot } from '../../../src/plot-renderer/draw-plot.ts'
import { confusion } from '../../../src/plots/confusion.ts'
import { foldAccuracy } from '../../../src/plots/fold-accuracy.ts'

const renderer = childProcessRenderer({})
afterEach(() => renderer.close())

const plot = (distilled: number) =>
  foldAccuracy([{ name: 'fold 0', teacher: 0.9, distilled, control: 0.7 }], 'light')

/** With a gradient. */
const matrix = confusion(
  {
    classNames: ['a', 'b'],
    counts: [
      [3, 1],
      [0, 4],
    ],
  },
  'light',
)

/** Our children that draw. */
const children = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return Number(parent) === process.pid && command.includes('render-process.ts')
      } catch {
        return false
      }
    })

test('draws what this process would, in order, in one child for all', async () => {
  const [[first, second] = [], [third, fourth] = []] = await Promise.all([
    renderer.render([matrix, plot(0.85)]),
    renderer.render([plot(0.85), matrix]),
  ])
  expect(first).toBe((await drawPlot(matrix)).svg)
  expect(second).toBe((await drawPlot(plot(0.85))).svg)
  expect([fourth, third]).toEqual([first, second])
  expect(children()).toHaveLength(1)
})

test('a plot that cannot be drawn is an error, and the next one is drawn', async () => {
  const broken = { title: '', description: '', spec: { mark: 'nothing', encoding: 7 } }
  await expect(renderer.render([broken])).rejects.toThrow('could not be drawn')
  await expect(renderer.render([plot(0.8)])).resolves.toHaveLength(1)
})

test('a plot cannot make the process read a file', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'plots-'))
  const file = path.join(folder, 'secret.json')
  writeFileSync(file, JSON.stringify([{ word: 'swordfish' }]))
  const text = { field: 'word', type: 'nominal' }
  const spec = { mark: 'text', encoding: { text } }
  const drawing = { title: '', description: '' }
  const inside = { ...spec, data: { values: [{ word: 'swordfish' }] } }
  const outside = { ...spec, data: { url: `file://${file}` } }
  const [shown, hidden] = await renderer.render(
    [inside, outside].map((one) => ({ ...drawing, spec: one })),
  )
  rmSync(folder, { recursive: true })
  expect(shown).toContain('swordfish')
  expect(hidden).not.toContain('swordfish')
})

test('when its process is killed, who waits is told, and the next one gets another', async () => {
  await renderer.render([plot(0.8)])
  const waiting = renderer.render([plot(0.8)])
  for (const pid of children()) process.kill(pid, 'SIGKILL')
  await expect(waiting).rejects.toThrow('has ended (SIGKILL)')
  await expect(renderer.render([plot(0.8)])).resolves.toHaveLength(1)
})

test('when it is closed, nothing is left', async () => {
  await renderer.render([plot(0.8)])
  const waiting = renderer.render([plot(0.8)])
  renderer.close()
  await expect(waiting).rejects.toThrow('no longer drawn')
  await expect.poll(() => children()).toEqual([])
})
