/** Draws a plot as SVG, without a browser. Vega takes some 60 MB, so the API process does not load this file. */
import { type Loader, type LoggerInterface, parse, resetSVGDefIds, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Drawing } from '../domain/ports.ts'
import { markup, writable } from '../markup.ts'

export interface Drawn {
  readonly svg: string
  /** What Vega and Vega-Lite found to say about the specification; nothing, if all is well. */
  readonly warnings: readonly string[]
}

const refuse = async (uri: string): Promise<never> => {
  throw new Error(`a plot has its data inside: ${uri} is not loaded`)
}
const NO_LOADER: Loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse }

function collector(warnings: string[]): LoggerInterface {
  const keep = (...words: readonly unknown[]): LoggerInterface => {
    warnings.push(words.map(String).join(' '))
    return logger
  }
  const drop = (): LoggerInterface => logger
  // The level is asked as a number and set with one.
  const level = ((value?: number) => (value === undefined ? 2 : logger)) as LoggerInterface['level']
  const logger: LoggerInterface = { level, error: keep, warn: keep, info: drop, debug: drop }
  return logger
}

/** A name and a description for those who do not see it; single marks are not read out. */
function described(svg: string, { title, description }: Drawing): string {
  const end = svg.indexOf('>')
  const names = markup`<title id="title">${title}</title><desc id="description">${description}</desc>`
  const attributes = ' role="img" aria-labelledby="title" aria-describedby="description"'
  return `${svg.slice(0, end)}${attributes}>${names}${writable(svg.slice(end + 1))}`
}

/** The same drawing gives the same bytes, when one is drawn after the other. */
export async function drawPlot(drawing: Drawing): Promise<Drawn> {
  // Else Vega counts on as long as the process lives.
  resetSVGDefIds()
  const warnings: string[] = []
  const logger = collector(warnings)
  const { spec } = compile(drawing.spec as TopLevelSpec, { logger })
  const view = new View(parse(spec), { renderer: 'none', loader: NO_LOADER, logger })
  try {
    return { svg: described(await view.toSVG(), drawing), warnings }
  } finally {
    view.finalize()
  }
}
