// @ts-check
/** Runs a foreign program to its end, with an error that says which package to install or what it printed. */
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { codeOf, Problem } from './problem.js'

const TAIL_LINES = 25

/** Debian and Ubuntu package of each program that we call. @type {Readonly<Record<string, string>>} */
const PACKAGES = {
  python3: 'python3 python3-pip',
  'g++': 'g++',
  strip: 'binutils',
  npm: 'npm',
  setpriv: 'util-linux',
  unshare: 'util-linux',
}

/**
 * @param {string} program
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined} its path, undefined when it is not on PATH
 */
export function which(program, env = process.env) {
  for (const folder of (env.PATH ?? '').split(path.delimiter)) {
    if (folder === '') continue
    const file = path.join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {}
  }
  return undefined
}

/**
 * @param {string} program
 * @returns {string} what to type to get it
 */
function installHint(program) {
  return `install ${program} (Debian, Ubuntu: apt-get install ${PACKAGES[program] ?? program})`
}

/**
 * Command line under which the kernel ends `program` when we die, even by kill -9: nothing is left half-done in the
 * background. Without setpriv (util-linux) the plain command line is returned.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {'KILL' | 'TERM'} signal
 * @returns {[string, string[]]}
 */
export function dyingWithUs(program, args, signal) {
  const setpriv = process.platform === 'linux' ? which('setpriv') : undefined
  return setpriv ? [setpriv, ['--pdeathsig', signal, '--', program, ...args]] : [program, [...args]]
}

/**
 * Runs a program quietly.
 * @param {string} program a name on PATH or a path
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { remedy?: string, wholeOutput?: boolean }} [options]
 *   `remedy`: what to do when it fails; `wholeOutput`: show all that it printed then, not only the last lines
 * @returns {Promise<string>} its standard output
 * @throws {Problem} when it is missing or ends with an error; the message ends with the last lines that it printed
 */
export async function runTool(program, args, { remedy, wholeOutput = false, ...options } = {}) {
  if (!program.includes('/') && !which(program, options.env ?? process.env))
    throw new Problem(`${program} was not found`, installHint(program))
  const [file, argv] = dyingWithUs(program, args, 'KILL')
  const child = spawn(file, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let all = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text
    all += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    all += text
  })
  const end = await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        codeOf(error) === 'ENOENT'
          ? new Problem(`${program} was not found`, installHint(path.basename(program)))
          : error,
      ),
    )
    child.once('close', (status, signal) => resolve(signal ?? status))
  })
  if (end === 0) return stdout
  const tail = all
    .trimEnd()
    .split('\n')
    .slice(wholeOutput ? 0 : -TAIL_LINES)
    .join('\n')
  throw new Problem(
    `${path.basename(program)} ${args.slice(0, 3).join(' ')} ended with ${end}${tail && `:\n${tail}`}`,
    remedy ?? 'see its output above, then run the command again',
  )
}
