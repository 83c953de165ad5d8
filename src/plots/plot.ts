/** What a plot function gives: a specification to draw, and the same in words. */
import type { TopLevelSpec } from 'vega-lite'

export interface Plot {
  /** Short, in the picture too. */
  readonly title: string
  /** For readers who do not see the picture: what is drawn and what comes out, with numbers. */
  readonly description: string
  /** Complete: colours and data are inside. Vega-Lite draws it in a browser as well. */
  readonly spec: TopLevelSpec
}

export const VEGA_LITE_SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json'
