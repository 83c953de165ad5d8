// @ts-check
/** Stamps: a small file that names what a finished step was made from. Written last, so an interrupted step has none. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/**
 * @param {(string | Uint8Array)[]} parts
 * @returns {string} sha256 in hex; parts are length-prefixed, so ['ab', 'c'] and ['a', 'bc'] differ
 */
export function fingerprint(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex')
}

/**
 * @param {string} file
 * @returns {string | undefined} undefined when there is none
 */
export function readStamp(file) {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/**
 * Writes a file whole or not at all, readable by its owner only when it is `secret`.
 * @param {string} file
 * @param {string} content
 * @param {{ secret?: boolean }} [options]
 */
export function writeWhole(file, content, { secret = false } = {}) {
  mkdirSync(path.dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}.partial`
  writeFileSync(partial, content, { mode: secret ? 0o600 : 0o644 })
  renameSync(partial, file)
}
