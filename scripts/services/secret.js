// @ts-check
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { readStamp, writeWhole } from '../system/stamp.js'

/**
 * The random password of a service, made once; a file that only its owner can read.
 * @param {string} home
 * @returns {string} safe in a URL and in a configuration file as it is
 */
export function passwordIn(home) {
  const file = path.join(home, 'password')
  const known = readStamp(file)
  if (known) return known
  const password = randomBytes(24).toString('base64url')
  writeWhole(file, password, { secret: true })
  return password
}
