// @ts-check
/** Where the API listens, and who is there already. */
import { portIsFree } from '../system/ports.js'
import { Problem } from '../system/problem.js'
import { fetchText } from './http.js'

/** @typedef {{ host: string, port: number, url: string }} Address `url`: how this machine reaches it */

/**
 * @param {NodeJS.ProcessEnv} [env] HOST (default 127.0.0.1) and PORT (default 8080)
 * @returns {Address}
 */
export function addressFrom(env = process.env) {
  const host = env.HOST || '127.0.0.1'
  const port = Number(env.PORT || 8080)
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Problem(
      `PORT is "${env.PORT}"`,
      'set it to a number from 1 to 65535, or leave it out',
    )
  return { host, port, url: urlOf(host, port) }
}

/**
 * @param {string} host
 * @param {number} port
 */
function urlOf(host, port) {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

/**
 * @param {Address} address
 * @param {number} port
 * @returns {Address}
 */
export const onPort = ({ host }, port) => ({ host, port, url: urlOf(host, port) })

/** @param {Address} address @returns {Promise<'free' | 'distillery' | 'taken'>} */
export async function whoIsAt({ host, port, url }) {
  if (await portIsFree(host, port)) return 'free'
  const ready = await fetchText(`${url}/health/ready`)
  if (ready?.status !== 200) return 'taken'
  const description = await fetchText(`${url}/openapi.yaml`)
  return description?.status === 200 && /^\s+title:.*Distillery/im.test(description.body)
    ? 'distillery'
    : 'taken'
}

/**
 * @param {Address} address
 * @throws {Problem} when somebody listens there
 */
export async function assertFree(address) {
  const who = await whoIsAt(address)
  if (who === 'free') return
  throw new Problem(
    who === 'distillery'
      ? `a Distillery runs at ${address.url} already`
      : `port ${address.port} of ${address.host} is taken by another program, or may not be used`,
    `stop it, or choose another port: PORT=${address.port === 65535 ? 8080 : address.port + 1} npm start`,
  )
}
