/** The API process: configuration, adapters, routes; closed with grace. */
import closeWithGrace from 'close-with-grace'
import { buildApp } from './api/app.ts'
import { createDatasetService } from './application/dataset-service.ts'
import { createExportService } from './application/export-service.ts'
import { createJobService } from './application/job-service.ts'
import { createModelService } from './application/model-service.ts'
import { createReportService } from './application/report-service.ts'
import { createSplitService } from './application/split-service.ts'
import { readConfig, redacted, refuseOpenDoor } from './config.ts'
import { identifiers as ids } from './identifiers.ts'
import { createLogger } from './logger.ts'
import { PostgresBlobStore } from './persistence/blob-store.ts'
import { openDatabase } from './persistence/database.ts'
import { PrismaDatasetStore } from './persistence/dataset-store.ts'
import { PrismaJobStore } from './persistence/job-store.ts'
import { PrismaModelStore } from './persistence/model-store.ts'
import { PrismaWorkerRegistry } from './persistence/worker-registry.ts'
import { childProcessRenderer } from './plot-renderer/child-process-renderer.ts'
import { childProcessProbe } from './probe/child-process-probe.ts'
import { BullMqTaskQueue } from './queue/bullmq-task-queue.ts'

/** A worker shows itself every two seconds. */
const WORKER_SILENCE_MS = 6000
const MAX_ROWS = 20_000_000

const config = readConfig()
refuseOpenDoor(config)
const logger = createLogger(config.LOG_LEVEL, 'api')
const logError = (what: string) => (error: unknown) => logger.error({ err: error }, what)
logger.info({ config: redacted(config) }, 'API starts')

const {
  database,
  bytes,
  close: closeDatabase,
} = openDatabase(config.DATABASE_URL, config.DATABASE_CONNECTIONS, logError('database connection'))
const queue = new BullMqTaskQueue(config.REDIS_URL, config.QUEUE_PREFIX, logError('queue'))
const blobs = new PostgresBlobStore(database, bytes)
const datasetStore = new PrismaDatasetStore(database)
const modelStore = new PrismaModelStore(database)
const workers = new PrismaWorkerRegistry(database)

const jobStore = new PrismaJobStore(database)
const datasets = createDatasetService({
  datasets: datasetStore,
  blobs,
  ids,
  maxRows: MAX_ROWS,
  maxBytes: config.MAX_UPLOAD_BYTES,
})
await datasets.ensureBuiltin()
const jobs = createJobService({
  jobs: jobStore,
  datasets: datasetStore,
  models: modelStore,
  ids,
  maxWaitingJobs: config.MAX_WAITING_JOBS,
})
const exports = createExportService({ models: modelStore, jobs: jobStore, blobs })
const renderer = childProcessRenderer(config.trainerEnvironment)
const app = await buildApp({
  jobs,
  datasets,
  models: createModelService({
    models: modelStore,
    datasets: datasetStore,
    blobs,
    ids,
    probe: childProcessProbe({
      script: new URL('../workers/probe-model.ts', import.meta.url),
      environment: config.trainerEnvironment,
    }),
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
  health: {
    database: async () => {
      await database.$queryRaw`SELECT 1`
      return null
    },
    redis: async () => {
      await queue.ping()
      return null
    },
    workers: async () =>
      (await workers.liveSlots(WORKER_SILENCE_MS)) > 0 ? null : 'no worker has shown itself',
  },
  maxUploadBytes: config.MAX_UPLOAD_BYTES,
  apiKey: config.API_KEY,
  logger,
})
// Before listening: a signal may come while the service starts.
closeWithGrace({ delay: 15_000, logger }, async ({ signal, err }) => {
  if (err) logger.error({ err }, 'API fails')
  logger.info({ signal }, 'API stops')
  // Requests that are under way are answered before their database goes.
  await app.close()
  renderer.close()
  await queue.close()
  await closeDatabase()
  logger.info('API has stopped')
})

await app.listen({ host: config.HOST, port: config.PORT })
