// @ts-check
import { createServer } from 'node:net'

/**
 * @param {string} host
 * @param {number} port 0 for any
 * @returns {Promise<number | undefined>} the port when it could be bound, else undefined
 */
function tryPort(host, port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() =>
        resolve(address !== null && typeof address === 'object' ? address.port : undefined),
      )
    })
  })
}

/**
 * @param {string} host
 * @param {number} port
 */
export const portIsFree = async (host, port) => (await tryPort(host, port)) !== undefined

/**
 * A free port of `host`, the preferred one when nobody has it.
 * @param {number | undefined} preferred
 * @param {string} [host]
 * @returns {Promise<number>}
 */
export async function freePort(preferred, host = '127.0.0.1') {
  const kept = preferred ? await tryPort(host, preferred) : undefined
  const port = kept ?? (await tryPort(host, 0))
  if (port === undefined) throw new Error(`no free port on ${host}`)
  return port
}
