/** The one style sheet of the page. Its colours are those of the plots. */
import { createHash } from 'node:crypto'
import { PALETTES, type Palette } from '../plots/theme.ts'

const variables = ({ background, ink, muted, grid, arms }: Palette): string =>
  `--background:${background};--ink:${ink};--muted:${muted};--line:${grid};--accent:${arms.distilled};--caution:${arms.control}`

export const STYLE = `
:root{color-scheme:light dark;${variables(PALETTES.light)}}
@media screen and (prefers-color-scheme:dark){:root{${variables(PALETTES.dark)}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:62rem;background:var(--background);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.25;margin:0}
h2{font-size:1.2rem;margin:3rem 0 .75rem;padding-top:1rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}
h1,h2,p,li,dd,th{overflow-wrap:anywhere}
.about,.note{color:var(--muted);font-size:.875rem;margin:.4rem 0 0}
.verdict{font-size:1.3rem;line-height:1.4;margin:.5rem 0 1.25rem;padding-left:1rem;border-left:4px solid var(--accent)}
.stamp{margin:1rem 0;padding:.75rem 1rem;border:2px solid var(--caution);border-radius:4px}
.warnings{margin:.25rem 0;padding-left:1.25rem}
.warnings li{margin:.4rem 0}
.facts{display:flex;flex-wrap:wrap;gap:1rem 2.5rem;margin:1rem 0 0}
.facts dt,.receipt dt{color:var(--muted);font-size:.875rem}
.facts dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.facts small{display:block;font-size:.8125rem;color:var(--muted)}
.wide{overflow-x:auto;margin:1.25rem 0 0}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;font-size:.9375rem;padding:0 0 .4rem}
th,td{padding:.3rem .9rem .3rem 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}
td{white-space:nowrap}
thead th{font-weight:600;vertical-align:bottom;color:var(--muted);overflow-wrap:normal}
th:first-child{text-align:left;font-weight:400;min-width:7rem;max-width:18rem}
td small{display:block;color:var(--muted)}
figure{margin:1.75rem 0 0;overflow-x:auto}
figure img{display:block;max-width:100%;height:auto}
figcaption{color:var(--muted);font-size:.875rem;max-width:44rem;margin-top:.25rem}
.receipt div{display:flex;flex-wrap:wrap;gap:0 1.5rem;padding:.35rem 0;border-bottom:1px solid var(--line)}
.receipt dt{flex:0 1 18rem}
.receipt dd{margin:0;flex:1 1 20rem}
code,pre{font-family:ui-monospace,monospace;font-size:.8125rem}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--line)}
summary{cursor:pointer;margin-top:1rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media print{
body{max-width:none;padding:0;font-size:10pt}
h2{break-after:avoid;margin-top:1.5rem}
figure,.facts,tr{break-inside:avoid}
.wide,figure{overflow:visible}
td{white-space:normal}
}
`

/** The page has no script, loads nothing, and may be styled by this sheet alone. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`

/** Inside the page, for a file on disk. */
export const PAGE_POLICY = POLICY
/** In the response; frames can only be refused there. */
export const RESPONSE_POLICY = `${POLICY}; frame-ancestors 'none'`
