/** Reads numbers back from a drawn plot, by the labels on its axes alone. */
import { drawPlot } from '../../../src/plot-renderer/draw-plot.ts'
import type { Plot } from '../../../src/plots/plot.ts'

export interface Position {
  readonly x: number
  readonly y: number
}

const NUMBER = '(-?[\\d.e-]+)'
const AT = new RegExp(`transform="translate\\(${NUMBER},${NUMBER}\\)`)

export const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

const position = (tag: string): Position => {
  const [, x, y] = AT.exec(tag) ?? []
  return { x: Number(x), y: Number(y) }
}

/** Elements of all groups of a class, in the order of the document. */
function elements(svg: string, group: RegExp): { tag: string; text: string }[] {
  return [
    ...svg.matchAll(
      /<g class="([^"]*)"[^>]*>((?:<(?:path|text|line|rect)[^>]*>(?:[^<]*<\/text>)?)*)<\/g>/g,
    ),
  ]
    .filter(([, name = '']) => group.test(name))
    .flatMap(([, , inner = '']) =>
      [...inner.matchAll(/<(?:path|text|line|rect)[^>]*>(?:([^<]*)<\/text>)?/g)].map(
        ([tag, text = '']) => ({ tag, text: unescaped(text) }),
      ),
    )
}

/** From pixels to what the axis says, by its first and last tick with a number. */
function linear(labels: readonly string[], ticks: readonly number[]): (pixel: number) => number {
  const numbers = labels.map((text) => Number(text.replace('−', '-')))
  const [first, last] = [numbers.at(0), numbers.at(-1)]
  const [from, to] = [ticks.at(0), ticks.at(-1)]
  if (first === undefined || last === undefined || from === undefined || to === undefined)
    throw new Error('the axis has no ticks')
  if (labels.length !== ticks.length) throw new Error('not every tick has a label')
  return (pixel) => first + ((last - first) / (to - from)) * (pixel - from)
}

export async function read(plot: Plot) {
  const { svg, warnings } = await drawPlot(plot)
  const labels = elements(svg, /role-axis-label/)
  const textsAt = (isX: boolean): string[] =>
    labels.filter(({ tag }) => isX !== tag.includes('translate(-')).map(({ text }) => text)
  const ticks = elements(svg, /role-axis-tick/).map(({ tag }) => tag)
  const [onX, onY] = [textsAt(true), textsAt(false)]
  const isOfX = (tag: string): boolean => tag.includes(' x2="0"')
  const marks = (kind: string) => elements(svg, new RegExp(`^mark-${kind} role-mark`))
  return {
    svg,
    warnings,
    labels: { x: onX, y: onY },
    x: () =>
      linear(
        onX,
        ticks.filter(isOfX).map((tag) => position(tag).x),
      ),
    y: () =>
      linear(
        onY,
        ticks.filter((tag) => !isOfX(tag)).map((tag) => position(tag).y),
      ),
    /** Centres. */
    points: marks('symbol').map(({ tag }) => ({
      ...position(tag),
      color: /fill="([^"]+)"/.exec(tag)?.[1],
    })),
    rules: marks('rule').map(({ tag }) => ({
      ...position(tag),
      dx: Number(/ x2="([^"]+)"/.exec(tag)?.[1] ?? 0),
      dy: Number(/ y2="([^"]+)"/.exec(tag)?.[1] ?? 0),
    })),
    lines: marks('line').map(({ tag }) =>
      [
        ...(/ d="([^"]+)"/.exec(tag)?.[1] ?? '').matchAll(new RegExp(`${NUMBER},${NUMBER}`, 'g')),
      ].map(([, x, y]) => ({ x: Number(x), y: Number(y) })),
    ),
    texts: marks('text').map(({ tag, text }) => ({ ...position(tag), text })),
    rects: marks('rect').length,
    title: unescaped(/<title[^>]*>([^<]*)<\/title>/.exec(svg)?.[1] ?? ''),
    description: unescaped(/<desc[^>]*>([^<]*)<\/desc>/.exec(svg)?.[1] ?? ''),
  }
}
