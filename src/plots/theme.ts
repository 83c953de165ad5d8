/**
 * Colours and sizes of all plots. The hues are those of Okabe and Ito (2008), which readers with any colour vision can tell
 * apart; each has a contrast of at least 3:1 with its background. Arms differ in shape and dash too.
 */
import type { Config } from 'vega-lite'
import type { ComparedArm } from '../domain/words.ts'

export const THEMES = ['light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export interface Palette {
  readonly background: string
  readonly ink: string
  readonly muted: string
  readonly grid: string
  readonly arms: Readonly<Record<ComparedArm, string>>
  /** From next to nothing to all, of one hue. */
  readonly heat: readonly [string, string]
}

export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    background: '#ffffff',
    ink: '#1b1e22',
    muted: '#565d64',
    grid: '#e4e7ea',
    arms: { teacher: '#565d64', distilled: '#0072b2', control: '#d55e00' },
    heat: ['#dce9f2', '#00507d'],
  },
  dark: {
    background: '#15181c',
    ink: '#e7eaed',
    muted: '#a9b1b9',
    grid: '#30363d',
    arms: { teacher: '#a9b1b9', distilled: '#56b4e9', control: '#e69f00' },
    heat: ['#253443', '#9ad5f8'],
  },
}

const FONT = 'system-ui, sans-serif'
const LABEL_SIZE = 12

export function themeConfig({ background, ink, muted, grid }: Palette): Config {
  return {
    background,
    font: FONT,
    // The whole picture is described in words: single marks are not read out.
    aria: false,
    padding: 8,
    view: { stroke: null },
    axis: {
      domainColor: muted,
      gridColor: grid,
      tickColor: muted,
      labelColor: muted,
      labelFontSize: LABEL_SIZE,
      labelLimit: 220,
      titleColor: ink,
      titleFontSize: LABEL_SIZE,
      titleFontWeight: 'normal',
      titlePadding: 10,
    },
    legend: {
      orient: 'top',
      direction: 'horizontal',
      title: null,
      labelColor: ink,
      labelFontSize: LABEL_SIZE,
      titleColor: ink,
      titleFontSize: LABEL_SIZE,
      titleFontWeight: 'normal',
      symbolSize: 90,
      symbolStrokeWidth: 2,
    },
    title: {
      anchor: 'start',
      frame: 'group',
      color: ink,
      fontSize: 15,
      fontWeight: 600,
      offset: 12,
      subtitleColor: muted,
      subtitleFontSize: LABEL_SIZE,
      subtitlePadding: 5,
    },
    text: { color: ink, fontSize: LABEL_SIZE },
    rule: { color: muted },
  }
}
