// @ts-check
import { setup } from '../setup/setup.js'
import { log } from '../system/step.js'
import { addressFrom, assertFree } from './address.js'
import { withService } from './service.js'
import { catchSignals } from './signals.js'

/**
 * `npm start`: runs until a signal (exit code 0) or until the API ends (its exit code).
 * @returns {Promise<number>}
 */
export async function start() {
  const address = addressFrom()
  await assertFree(address)
  await setup()
  /** @type {() => void} */
  let kill = () => process.exit(130) // until there is something to stop
  const signals = catchSignals(() => kill())
  try {
    return await withService({ address, interrupted: signals.signalled }, async (application) => {
      kill = application.kill
      log(
        `\nDistillery is ready.\n  API         ${address.url}/v1\n  Swagger UI  ${address.url}/docs\n`,
      )
      const end = await Promise.race([signals.signalled, application.apiEnded])
      if (typeof end === 'number') {
        log(`the API ended with ${end}: stopping`)
        return end === 0 ? 1 : end // nobody asked it to end
      }
      log(`${end}: stopping (again to stop at once)`)
      return 0
    })
  } finally {
    signals.ignore()
  }
}
