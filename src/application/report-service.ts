/** The report for people: as a page, and its plots. */
import type { PlotRenderer } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import type { Theme } from '../plots/theme.ts'
import { reportPage } from '../report-page/page.ts'
import type { StudentManifest } from '../report-page/receipt-section.ts'
import { type NamedPlot, reportPlots } from '../report-page/report-plots.ts'
import type { JobService } from './job-service.ts'

interface Ports {
  readonly jobs: Pick<JobService, 'get' | 'report' | 'metrics'>
  readonly renderer: PlotRenderer
  /** What the file of a model says of itself; null where the model has been deleted. */
  readonly manifest: (modelId: string) => Promise<StudentManifest | null>
}

export type ReportService = ReturnType<typeof createReportService>

export function createReportService({ jobs, renderer, manifest }: Ports) {
  /** @throws Problem as the report itself */
  async function plots(id: string, theme: Theme): Promise<NamedPlot[]> {
    const report = await jobs.report(id)
    return reportPlots({ report, epochs: await jobs.metrics(id) }, theme)
  }

  async function plot(id: string, name: string, theme: Theme): Promise<NamedPlot> {
    const all = await plots(id, theme)
    const found = all.find((one) => one.name === name)
    if (found) return found
    throw new Problem(
      'plot-not-found',
      `Job ${id} has no plot ${name}; it has ${all.map((one) => one.name).join(', ')}.`,
    )
  }

  return {
    plots,

    /** @throws Problem `plot-not-found` when the job has no numbers for it, and as the report itself */
    plot,

    /** One SVG document. */
    async svg(id: string, name: string, theme: Theme): Promise<string> {
      const [svg = ''] = await renderer.render([await plot(id, name, theme)])
      return svg
    },

    /** One HTML document that needs nothing else. */
    async page(id: string): Promise<string> {
      const report = await jobs.report(id)
      const [job, epochs] = await Promise.all([jobs.get(id), jobs.metrics(id)])
      const [light, dark] = (['light', 'dark'] as const).map((theme) =>
        reportPlots({ report, epochs }, theme),
      ) as [NamedPlot[], NamedPlot[]]
      const svgs = await renderer.render([...light, ...dark])
      const student = job.models.find(({ role }) => role === 'student')
      return reportPage({
        report,
        job,
        manifest: student ? await manifest(student.id) : null,
        plots: light.map(({ name, description }, index) => ({
          name,
          description,
          light: svgs[index] ?? '',
          dark: svgs[light.length + index] ?? '',
        })),
      })
    },
  }
}
