// @ts-check
/**
 * Under which account the embedded Postgres runs. Postgres refuses root, so root hands it to `nobody`, who must still
 * get through folders that only root may enter (a clone in a home with mode 0700).
 */
import { spawnSync } from 'node:child_process'
import { chownSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import path from 'node:path'
import { which } from '../system/tool.js'

const NOBODY = { uid: 65534, gid: 65534 }

/**
 * @typedef {object} Account
 * @property {string[]} prefix put before each command line
 * @property {{ uid?: number, gid?: number }} spawn options for `child_process`
 * @property {{ uid: number, gid: number } | undefined} owner who must own the data folder; undefined: who runs this
 */

const USER_NAMESPACE = ['unshare', '--user', '--map-user=65534', '--map-group=65534']

/** @param {string} capability @returns {string[]} */
const dropKeeping = (capability) => [
  'setpriv',
  `--reuid=${NOBODY.uid}`,
  `--regid=${NOBODY.gid}`,
  '--clear-groups',
  `--inh-caps=-all,+${capability}`,
  `--ambient-caps=-all,+${capability}`,
  '--securebits=+no_setuid_fixup', // else access(2) ignores the capability, and Postgres asks it about its own files
  '--',
]

/**
 * @param {string} native the folder of the binaries
 * @param {string} home the folder that holds the data folder
 * @returns {Account | undefined} undefined when root has no way to let another account in
 */
export function chooseAccount(native, home) {
  if (process.geteuid?.() !== 0) return { prefix: [], spawn: {}, owner: undefined }
  if (isOpenToAll(home) && ['bin', 'lib', 'share'].every((n) => isOpenToAll(path.join(native, n))))
    return { prefix: [], spawn: NOBODY, owner: NOBODY }
  /** @type {Account[]} */
  const ways = [
    // least privilege first: search and read, then (the only one of the two that containers usually have) everything
    { prefix: dropKeeping('dac_read_search'), spawn: {}, owner: NOBODY },
    { prefix: dropKeeping('dac_override'), spawn: {}, owner: NOBODY },
    { prefix: USER_NAMESPACE, spawn: {}, owner: { uid: 0, gid: 0 } },
  ]
  return ways.find(({ prefix }) => canRun(prefix, native, home))
}

/**
 * initdb looks its uid up, and a uid without a passwd entry fails there; inside a user namespace it is `nobody`.
 * @param {Account} account
 * @returns {Account}
 */
export function accountForInitdb(account) {
  if (process.geteuid?.() === 0 || hasName()) return account
  return { ...account, prefix: USER_NAMESPACE }
}

export function hasName() {
  try {
    userInfo()
    return true
  } catch {
    return false
  }
}

/**
 * Whether anybody may get to this folder and read it.
 * @param {string} folder
 */
function isOpenToAll(folder) {
  if ((statSync(folder).mode & 0o005) !== 0o005) return false
  for (let at = path.dirname(folder); ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === path.dirname(at)) return true
  }
}

/**
 * Asks Postgres for a setting of a data folder that need not exist: it must find its own files, and `home`, on the way.
 * @param {string[]} prefix
 * @param {string} native
 * @param {string} home
 */
function canRun([wrapper = '', ...args], native, home) {
  if (!which(wrapper)) return false
  const program = path.join(native, 'bin/postgres')
  const probe = spawnSync(
    wrapper,
    [...args, program, '-C', 'port', '-D', path.join(home, 'none')],
    {
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    },
  )
  // it gets as far as saying that there is no such data folder
  return !probe.error && /none.*(does not exist|No such file)/.test(probe.stderr)
}

/**
 * Gives a folder to the account that Postgres runs under; does nothing when it has it.
 * @param {string} folder
 * @param {{ uid: number, gid: number } | undefined} owner
 */
export function giveTo(folder, owner) {
  if (!owner || lstatSync(folder).uid === owner.uid) return
  // the folder itself last: its owner says whether this was finished
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownFile(path.join(folder, name), owner)
  chownFile(folder, owner)
}

/**
 * @param {string} file
 * @param {{ uid: number, gid: number }} owner
 */
function chownFile(file, { uid, gid }) {
  if (!lstatSync(file).isSymbolicLink()) chownSync(file, uid, gid)
}
