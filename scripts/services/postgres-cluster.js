// @ts-check
/** initdb, in a temporary folder that is renamed when it is complete: a killed initdb leaves no half data folder. */
import { spawn } from 'node:child_process'
import { chownSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Problem } from '../system/problem.js'
import { processesIn, waitUntil } from '../system/processes.js'
import { dyingWithUs } from '../system/tool.js'
import { accountForInitdb, hasName } from './postgres-account.js'
import { POSTGRES_USER } from './postgres-client.js'

const TEMPORARY = '.initdb-'

/**
 * @param {{
 *   native: string, home: string, data: string, password: string,
 *   account: import('./postgres-account.js').Account, log: (line: string) => void,
 * }} request
 */
export async function createCluster({ native, home, data, password, account }) {
  await removeAbandoned(home)
  const staging = mkdtempSync(path.join(home, TEMPORARY))
  try {
    const secret = path.join(staging, 'password')
    writeFileSync(secret, `${password}\n`, { mode: 0o600 })
    const { owner } = account
    if (owner) for (const file of [secret, staging]) chownSync(file, owner.uid, owner.gid)
    const { prefix, spawn: identity } = accountForInitdb(account)
    const [initdb, args] = dyingWithUs(
      path.join(native, 'bin/initdb'),
      [
        ...['-D', path.join(staging, 'data'), '-U', POSTGRES_USER, '-A', 'scram-sha-256'],
        ...[`--pwfile=${secret}`, '-E', 'UTF8', '--no-instructions'],
        ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-locale'],
      ],
      'KILL',
    )
    // the account first: a change of account clears the death signal
    await runInitdb([...prefix, initdb, ...args], identity)
    rmSync(data, { recursive: true, force: true })
    renameSync(path.join(staging, 'data'), data)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/**
 * @param {string[]} commandLine
 * @param {{ uid?: number, gid?: number }} identity
 */
async function runInitdb([program = '', ...args], identity) {
  const child = spawn(program, args, {
    ...identity,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', () => {})
  child.stderr.on('data', (text) => {
    said += text
  })
  const end = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (status, signal) => resolve(status ?? signal))
  })
  if (end === 0) return
  throw new Problem(
    `initdb failed (${end}): ${said.trimEnd()}`,
    hasName()
      ? 'check the free space and the rights of the data folder, or set DATABASE_URL'
      : `user id ${process.getuid?.()} has no name here, and user namespaces (unshare --user) could not be used: give it an entry in /etc/passwd, or set DATABASE_URL`,
  )
}

/** Folders of killed starters, once the last process of their initdb is gone. @param {string} home */
async function removeAbandoned(home) {
  for (const name of readdirSync(home)) {
    if (!name.startsWith(TEMPORARY)) continue
    const folder = path.join(home, name)
    await waitUntil(() => processesIn(path.join(folder, 'data')).length === 0, 20_000)
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}
