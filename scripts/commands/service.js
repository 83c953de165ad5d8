// @ts-check
/** The whole service on this machine: embedded services, migrations, API and worker; and all of it down again. */
import { describeApplied, migrate } from '../migrate.js'
import { startServices } from '../services/embedded.js'
import { DATA } from '../system/paths.js'
import { log, step } from '../system/step.js'
import { startApplication } from './application.js'

/** @type {Promise<unknown>} */
const NEVER = new Promise(() => {})

/**
 * @param {{ address: import('./address.js').Address, quiet?: boolean, interrupted?: Promise<unknown> }} request
 *   `interrupted`: settles when somebody wants it over before it is ready; the exit code is 0 then
 * @param {(application: import('./application.js').Application) => Promise<number>} work what to do once it is ready
 * @returns {Promise<number>} exit code
 */
export async function withService({ address, quiet = false, interrupted = NEVER }, work) {
  /** @type {import('../services/embedded.js').Services | undefined} */
  let services
  try {
    await step('database and queue', async () => {
      services = await startServices({ folder: DATA, log })
      return services.summary
    })
    if (!services) throw new Error('unreachable')
    const { env } = services
    await step('migrations', async () => describeApplied(await migrate(env.DATABASE_URL)))
    const application = startApplication({ address, env: { ...process.env, ...env }, quiet })
    try {
      let isReady = false
      await step(`API and worker at ${address.url}`, async () => {
        isReady = await Promise.race([
          application.ready.then(() => true),
          interrupted.then(() => false),
        ])
        return isReady ? 'ready' : 'interrupted'
      })
      return isReady ? await work(application) : 0
    } finally {
      await application.stop()
    }
  } finally {
    await services?.stop()
  }
}
