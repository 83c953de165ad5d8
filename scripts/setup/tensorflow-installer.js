// @ts-check
/** The way without Python or a compiler: tfjs-node's own installer, which downloads an older TensorFlow (2.9). */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { node24 } from '../system/node.js'
import { cacheHome, ROOT } from '../system/paths.js'
import { messageOf, Problem } from '../system/problem.js'
import { readStamp, writeWhole } from '../system/stamp.js'
import { runTool, which } from '../system/tool.js'

const MARK = 'own installer'

/**
 * @param {string} label folder of the unpacked wheel: pip is needed only when it is not there yet
 * @returns {Promise<string | undefined>} what hinders a build against the wheel; undefined when nothing does
 */
export async function missingPieces(label) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `the wheel is for Linux x86-64, this is ${process.platform} ${process.arch}`
  if (!which('g++')) return 'g++ was not found'
  if (!existsSync(path.resolve(path.dirname(node24()), '../include/node/node_api.h')))
    return 'the C headers of Node were not found'
  if (existsSync(path.join(cacheHome(), label))) return undefined
  if (!which('python3')) return 'python3 was not found'
  try {
    await runTool('python3', ['-m', 'pip', '--version'])
    return undefined
  } catch {
    return 'python3 has no pip'
  }
}

/**
 * @param {string} reason why the wheel could not be used
 * @param {{ stamp: string, addon: string }} files
 * @returns {Promise<string>}
 */
export async function runOwnInstaller(reason, { stamp, addon }) {
  if (readStamp(stamp) === MARK && existsSync(addon)) return 'cached'
  try {
    await runTool(
      'npm',
      ['rebuild', '@tensorflow/tfjs-node', '--ignore-scripts=false', '--foreground-scripts'],
      { cwd: ROOT, env: { ...process.env, PATH: `${path.dirname(node24())}:${process.env.PATH}` } },
    )
    if (!existsSync(addon)) throw new Error(`it left no ${path.relative(ROOT, addon)}`)
  } catch (error) {
    throw new Problem(
      `${reason}, and tfjs-node's own installer failed too: ${messageOf(error)}`,
      'install Python with pip and a C++ compiler (Debian, Ubuntu: apt-get install python3 python3-pip g++ binutils), then run the command again',
      { cause: error },
    )
  }
  writeWhole(stamp, MARK)
  return `${reason}: used tfjs-node's own installer (an older TensorFlow)`
}
