/** `npm run demo`: a whole job, from submitting it to the student on disk, as a user of the HTTP interface would do it. */
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { demoTarget } from '../config.ts'
import type { JobSpec } from '../domain/job-spec.ts'
import { Client } from './client.ts'
import { ProgressLine } from './progress-line.ts'
import { reportTable } from './report-table.ts'

const root = path.resolve(import.meta.dirname, '../..')
const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const { url, stays } = demoTarget()
const client = new Client(url)
const begun = performance.now()
const spec = JSON.parse(await readFile(path.join(root, 'examples/digits.json'), 'utf8')) as JobSpec

say('\nA small student learns from a convolutional teacher; it may use one label in ten.')
const { id } = await client.submit(spec)
say(`Submitted ${id}: 5 folds, each with teacher, distilled student and control.\n`)
const line = new ProgressLine(process.stdout)
const job = await client.wait(id, (current) => line.show(current))
if (job.status !== 'succeeded' || !job.models.student) {
  say(`\nThe job has ${job.status}: ${job.failure?.message ?? 'no reason given'}`)
  process.exit(1)
}

const report = await client.report(id)
say(`\n${reportTable(report)}\n`)
say(
  'Mean ± standard deviation over the folds, on rows that no network had seen. The control is the',
)
say('same student with the same seed, batches and labels, and without a teacher.')
say(`\n${report.verdict.sentence}`)
for (const stamp of report.stamps) say(`! ${stamp}`)
for (const { message } of report.warnings) say(`! ${message}`)

const directory = path.join(root, 'out')
await mkdir(directory, { recursive: true })
const file = path.join(directory, `${id}.safetensors`)
await client.download(`/v1/jobs/${id}/student?format=safetensors`, file)
const { sizeBytes } = await client.model(job.models.student)
say(`\nStudent:    ${path.relative(process.cwd(), file)} (${sizeBytes} bytes)`)
say(`Job:        ${client.url(`/v1/jobs/${id}`)}`)
say(`Swagger UI: ${client.url('/docs')}`)
if (!stays)
  say('The service stops now and keeps its data: `npm start` brings these addresses back.')
say(`Took ${((performance.now() - begun) / 1000).toFixed(1)} s.`)
