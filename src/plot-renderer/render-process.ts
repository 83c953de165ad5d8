/** The process that draws: one request after the other, until nobody is there to ask. */
import type { RenderAnswer, RenderRequest } from './contract.ts'
import { drawPlot } from './draw-plot.ts'

async function render({ id, drawings }: RenderRequest): Promise<RenderAnswer> {
  try {
    const svgs: string[] = []
    for (const drawing of drawings) svgs.push((await drawPlot(drawing)).svg)
    return { id, svgs }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

let last: Promise<unknown> = Promise.resolve()
process.on('message', (request: RenderRequest) => {
  last = last.then(async () => process.send?.(await render(request)))
})
