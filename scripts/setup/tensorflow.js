// @ts-check
/**
 * TensorFlow 2.21 under tfjs-node: the C++ library comes out of the Python wheel, tfjs-node's addon is compiled against
 * it with one g++ call. Both are cached; `node_modules` gets a copy of the addon and a link to the library.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { node24 } from '../system/node.js'
import { cacheHome, MODULES } from '../system/paths.js'
import { fingerprint, readStamp, writeWhole } from '../system/stamp.js'
import { runTool, which } from '../system/tool.js'
import { BUILDS, LIBRARIES } from './tensorflow-files.js'
import { missingPieces, runOwnInstaller } from './tensorflow-installer.js'
import { unpackWheels } from './wheels.js'

const PACKAGE = path.join(MODULES, '@tensorflow/tfjs-node')
const ADDON = path.join(PACKAGE, 'lib/napi-v8/tfjs_binding.node')
const LINK = path.join(PACKAGE, 'deps/lib')
const STAMP = path.join(PACKAGE, '.distillery-build')
const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) =>
  path.join(PACKAGE, 'binding', name),
)
const FLAGS = [
  ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w'],
  ...['-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
]

/**
 * @param {'cpu' | 'gpu'} device
 * @returns {Promise<string | undefined>}
 */
export async function installTensorflow(device) {
  const { label } = BUILDS[device]
  const home = path.join(cacheHome(), label)
  const sources = SOURCES.map((file) => readFileSync(file))
  const key = fingerprint(home, FLAGS.join(' '), ...sources)
  const built = path.join(home, `tfjs_binding-${key.slice(0, 16)}.node`)
  if (readStamp(STAMP) === key && isPlaced(home)) return 'cached'
  if (!existsSync(built)) {
    const missing = await missingPieces(label)
    if (missing) return runOwnInstaller(missing, { stamp: STAMP, addon: ADDON })
  }
  const notes = await unpack(device)
  if (!existsSync(built)) await compile(home, built)
  place(home, built)
  writeWhole(STAMP, key)
  if (device === 'gpu') notes.push('CUDA build; never run by its authors on a GPU')
  return notes.length > 0 ? notes.join('; ') : undefined
}

/**
 * @param {'cpu' | 'gpu'} device
 * @returns {Promise<string[]>} remarks
 */
async function unpack(device) {
  /** @type {string[]} */
  const notes = []
  await unpackWheels({
    ...BUILDS[device],
    finish: async (staging) => {
      // a quarter smaller: the static symbol tables are never used
      if (which('strip'))
        await runTool('strip', ['--strip-unneeded', ...LIBRARIES], { cwd: staging })
      else notes.push('strip not found: kept symbols')
    },
  })
  return notes
}

/**
 * @param {string} home
 * @param {string} built
 */
async function compile(home, built) {
  const include = path.resolve(path.dirname(node24()), '../include/node')
  const partial = `${built}.${process.pid}`
  try {
    await runTool(
      'g++',
      [
        ...FLAGS,
        `-I${include}`,
        `-I${path.join(home, 'tensorflow/include')}`,
        ...SOURCES,
        ...['-o', partial],
        ...LIBRARIES.map((file) => path.join(home, file)),
        '-Wl,-rpath,$ORIGIN/../../deps/lib',
      ],
      {
        remedy:
          'g++ 9 or newer with the C++ standard library is needed (Debian, Ubuntu: apt-get install g++)',
      },
    )
    renameSync(partial, built)
  } finally {
    rmSync(partial, { force: true })
  }
}

/**
 * @param {string} home
 * @param {string} built
 */
function place(home, built) {
  mkdirSync(path.dirname(ADDON), { recursive: true })
  const partial = `${ADDON}.${process.pid}`
  copyFileSync(built, partial)
  renameSync(partial, ADDON) // a process that has the old one loaded keeps it
  rmSync(LINK, { recursive: true, force: true })
  mkdirSync(path.dirname(LINK), { recursive: true })
  symlinkSync(path.join(home, 'tensorflow'), LINK)
}

/** @param {string} home */
function isPlaced(home) {
  const library = path.join(home, 'tensorflow')
  try {
    return existsSync(ADDON) && existsSync(library) && readlinkSync(LINK) === library
  } catch {
    return false // no link, or the folder of tfjs-node's own installer
  }
}
