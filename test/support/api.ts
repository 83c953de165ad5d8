/** The HTTP interface on real stores, in this process: requests are injected, and no job ever runs. */
import { buildApp } from '../../src/api/app.ts'
import { createDatasetService } from '../../src/application/dataset-service.ts'
import { createExportService } from '../../src/application/export-service.ts'
import { createJobService } from '../../src/application/job-service.ts'
import { createModelService } from '../../src/application/model-service.ts'
import { createReportService } from '../../src/application/report-service.ts'
import { createSplitService } from '../../src/application/split-service.ts'
import { identifiers as ids } from '../../src/identifiers.ts'
import { PostgresBlobStore } from '../../src/persistence/blob-store.ts'
import type { OpenDatabase } from '../../src/persistence/database.ts'
import { PrismaDatasetStore } from '../../src/persistence/dataset-store.ts'
import { PrismaJobStore } from '../../src/persistence/job-store.ts'
import { PrismaModelStore } from '../../src/persistence/model-store.ts'
import { childProcessRenderer } from '../../src/plot-renderer/child-process-renderer.ts'

export interface ApiOptions {
  readonly maxUploadBytes?: number
  readonly maxWaitingJobs?: number
  readonly apiKey?: string
}

/** Not ready yet: routes may be added before the first request. */
export async function createApi(
  { database, bytes }: Pick<OpenDatabase, 'database' | 'bytes'>,
  { maxUploadBytes = 1 << 20, maxWaitingJobs = 1000, apiKey }: ApiOptions = {},
) {
  const blobs = new PostgresBlobStore(database, bytes)
  const datasetStore = new PrismaDatasetStore(database)
  const modelStore = new PrismaModelStore(database)
  const jobStore = new PrismaJobStore(database)
  const datasets = createDatasetService({
    datasets: datasetStore,
    blobs,
    ids,
    maxRows: 10_000_000,
    maxBytes: maxUploadBytes,
  })
  await datasets.ensureBuiltin()
  const jobs = createJobService({
    jobs: jobStore,
    datasets: datasetStore,
    models: modelStore,
    ids,
    maxWaitingJobs,
  })
  const exports = createExportService({ models: modelStore, jobs: jobStore, blobs })
  const renderer = childProcessRenderer({})
  const app = await buildApp({
    jobs,
    datasets,
    models: createModelService({
      models: modelStore,
      datasets: datasetStore,
      blobs,
      ids,
      // As in an image of the API alone.
      probe: { probe: async () => ({ kind: 'not-tried' }) },
    }),
    exports,
    reports: createReportService({
      jobs,
      renderer,
      manifest: async (id) => {
        const model = await modelStore.get(id)
        return model && exports.manifest(model)
      },
    }),
    splits: createSplitService({ jobs: jobStore, blobs }),
    blobs,
    health: {},
    maxUploadBytes,
    apiKey,
  })
  app.addHook('onClose', async () => renderer.close())
  return app
}
export type Api = Awaited<ReturnType<typeof createApi>>
