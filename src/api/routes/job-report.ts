/** The report of a job, as data and for people. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JobService } from '../../application/job-service.ts'
import type { ReportService } from '../../application/report-service.ts'
import type { Report } from '../../domain/report/report.ts'
import { THEMES } from '../../plots/theme.ts'
import { PLOT_NAMES } from '../../report-page/report-plots.ts'
import { RESPONSE_POLICY } from '../../report-page/style.ts'
import { prefersHtml } from '../prefers-html.ts'
import { Id, problems } from '../schemas/common.ts'

const PlotParams = Type.Object({
  id: Type.String({ maxLength: 64, description: 'Of the job.' }),
  name: Type.String({
    maxLength: 64,
    description: `${PLOT_NAMES.map((name) => `\`${name}\``).join(', ')}. A job has those that it has numbers for.`,
  }),
})

const ThemeQuery = Type.Object({
  theme: Type.Enum([...THEMES], { default: 'light', description: 'Colours of the plot.' }),
})

const PlotList = Type.Object({
  data: Type.Array(
    Type.Object({
      name: Type.Enum([...PLOT_NAMES]),
      title: Type.String(),
      description: Type.String({ description: 'What the plot shows, in words with numbers.' }),
      links: Type.Object({
        svg: Type.String(),
        vegaLite: Type.String({ description: 'The specification, with its data inside.' }),
      }),
    }),
  ),
})

const Text = { schema: Type.Unsafe<string>({ type: 'string' }) }
const MISSING = ['job-not-found', 'not-ready', 'never-ready'] as const

interface Options {
  readonly jobs: JobService
  readonly reports: ReportService
}

export const jobReportRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { jobs, reports },
) => {
  app.get(
    '/:id/report',
    {
      schema: {
        operationId: 'getJobReport',
        tags: ['jobs'],
        summary: 'The report',
        description:
          'JSON; or with `format=html`, or an `Accept` that prefers `text/html`, one page that needs nothing else: tables, plots for light and dark, and what made the numbers.',
        params: Id('job'),
        querystring: Type.Object({
          format: Type.Optional(
            Type.Enum(['json', 'html'], { description: 'Counts more than `Accept`.' }),
          ),
        }),
        response: {
          200: {
            description: 'The report.',
            content: {
              'application/json': { schema: Type.Unsafe<Report>({ $ref: 'Report#' }) },
              'text/html': Text,
            },
          },
          ...problems(...MISSING, 'invalid-request'),
        },
      },
    },
    async ({ params, query, headers }, reply) => {
      reply.header('vary', 'accept').header('cache-control', 'private, no-cache')
      const isHtml = query.format === 'html' || (!query.format && prefersHtml(headers.accept))
      if (!isHtml) return jobs.report(params.id)
      const page = await reports.page(params.id)
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', RESPONSE_POLICY)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .header('content-disposition', `inline; filename="${params.id}.report.html"`)
        .send(page)
    },
  )

  app.get(
    '/:id/report/plots',
    {
      schema: {
        operationId: 'listJobReportPlots',
        tags: ['jobs'],
        summary: 'The plots of the report',
        params: Id('job'),
        response: { 200: PlotList, ...problems(...MISSING) },
      },
    },
    async ({ params }) => {
      const plots = await reports.plots(params.id, 'light')
      return {
        data: plots.map(({ name, title, description }) => {
          const url = `/v1/jobs/${params.id}/report/plots/${name}`
          return { name, title, description, links: { svg: `${url}.svg`, vegaLite: `${url}.json` } }
        }),
      }
    },
  )

  app.get(
    '/:id/report/plots/:name.svg',
    {
      schema: {
        operationId: 'getJobReportPlot',
        tags: ['jobs'],
        summary: 'A plot of the report as SVG',
        params: PlotParams,
        querystring: ThemeQuery,
        response: {
          200: { description: 'The plot.', content: { 'image/svg+xml': Text } },
          ...problems(...MISSING, 'plot-not-found', 'invalid-request'),
        },
      },
    },
    async ({ params, query }, reply) => {
      const svg = await reports.svg(params.id, params.name, query.theme)
      return reply
        .type('image/svg+xml')
        .header('cache-control', 'private, no-cache')
        .header('content-security-policy', "default-src 'none'")
        .header('x-content-type-options', 'nosniff')
        .send(svg)
    },
  )

  app.get(
    '/:id/report/plots/:name.json',
    {
      schema: {
        operationId: 'getJobReportPlotSpecification',
        tags: ['jobs'],
        summary: 'A plot of the report as a Vega-Lite specification',
        params: PlotParams,
        querystring: ThemeQuery,
        response: {
          200: Type.Unsafe<object>({
            type: 'object',
            additionalProperties: true,
            description: 'Vega-Lite 6, with its data inside.',
          }),
          ...problems(...MISSING, 'plot-not-found', 'invalid-request'),
        },
      },
    },
    async ({ params, query }) => (await reports.plot(params.id, params.name, query.theme)).spec,
  )
}
