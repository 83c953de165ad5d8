/** What made these numbers: seeds, hashes, versions, and the job with every default filled in. */
import type { Report } from '../domain/report/report.ts'
import type { JobView } from '../domain/task.ts'
import { VERSION } from '../domain/version.ts'
import { type Insertable, type Markup, markup } from '../markup.ts'
import { NONE } from './format.ts'

/** What the delivered student's file says of itself; null where the model is gone. */
export interface StudentManifest {
  readonly safetensorsSha256?: unknown
  readonly versions?: unknown
}

const code = (text: string | null | undefined): Insertable =>
  text ? markup`<code>${text}</code>` : NONE

function versionsOf(manifest: StudentManifest | null): string | null {
  const versions = manifest?.versions
  if (typeof versions !== 'object' || versions === null) return null
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}

export function receiptSection(
  report: Report,
  job: JobView,
  manifest: StudentManifest | null,
): Markup {
  const { dataset, evaluation } = report
  const sha256 = manifest?.safetensorsSha256
  const entries: readonly (readonly [string, Insertable])[] = [
    ['job', code(job.id)],
    ['submitted', code(job.createdAt.toISOString())],
    ['finished', code(job.finishedAt?.toISOString())],
    ['seed', code(String(evaluation.seed))],
    ['dataset', code(dataset.id)],
    ['dataset, SHA-256 of its content', code(dataset.contentSha256)],
    [
      'split',
      `${evaluation.protocol}${evaluation.folds > 0 ? `, ${evaluation.folds} folds` : ''}${evaluation.stratified ? ', stratified' : ''}; teacher per fold: ${evaluation.teacherPerFold}; labelled fraction: ${evaluation.labelledFraction}`,
    ],
    ['split, SHA-256 of the fold of every row', code(evaluation.splitSha256)],
    ['student, SHA-256 of its weights', code(typeof sha256 === 'string' ? sha256 : null)],
    ['trained with', versionsOf(manifest) ?? NONE],
    ['this page', `report version ${report.version}, service version ${VERSION}`],
  ]
  return markup`<dl class="receipt">
${entries.map(
  ([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
)}</dl>
<details><summary>The job with every default filled in</summary>
<pre>${JSON.stringify(job.resolved, null, 2)}</pre>
</details>`
}
