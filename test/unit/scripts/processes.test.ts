import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { joinUsers } from '../../../scripts/services/users.js'
import { withLock } from '../../../scripts/system/lock.js'
import { processesIn, startTime, titleOf } from '../../../scripts/system/processes.js'
import { dyingWithUs, runTool } from '../../../scripts/system/tool.js'

let folder = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'processes-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('only one holds a lock at a time, and a failure frees it', async () => {
  let inside = 0
  let most = 0
  const one = () =>
    withLock(folder, 'x', async () => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside -= 1
      throw new Error('failed inside')
    })
  const ends = await Promise.allSettled([one(), one(), one()])
  expect(ends.map((end) => end.status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(most).toBe(1)
})

test('the lock of a killed process is free', async () => {
  const module = path.resolve(import.meta.dirname, '../../../scripts/system/lock.js')
  const holder = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { withLock } from ${JSON.stringify(module)}
     await withLock(${JSON.stringify(folder)}, 'x', async () => { console.log('held'); await new Promise((r) => setTimeout(r, 60000)) })`,
  ])
  await once(holder.stdout, 'data')
  let free = false
  const waiting = withLock(folder, 'x', async () => {
    free = true
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(free).toBe(false)
  holder.kill('SIGKILL')
  await waiting
  expect(free).toBe(true)
})

test('a process is found by its working folder, until it ends', async () => {
  const child = spawn('sleep', ['60'], { cwd: folder })
  await once(child, 'spawn')
  expect(processesIn(folder)).toEqual([child.pid])
  expect(startTime(child.pid ?? 0)).toMatch(/^\d+$/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(processesIn(folder)).toEqual([])
  expect(startTime(child.pid ?? 0)).toBeUndefined()
})

test('a tool dies with its killed starter', async () => {
  const [file, args] = dyingWithUs('sleep', ['60'], 'KILL')
  const starter = spawn(process.execPath, [
    '-e',
    `const c = require('node:child_process').spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, { cwd: ${JSON.stringify(folder)} }); c.once('spawn', () => console.log('up')); setTimeout(() => {}, 60000)`,
  ])
  await once(starter.stdout, 'data')
  // Bound to its starter from the moment it is `sleep`; before that it is the helper that binds it.
  await expect
    .poll(() => processesIn(folder).map(titleOf), { timeout: 10_000 })
    .toEqual([expect.stringMatching(/^sleep/)])
  starter.kill('SIGKILL')
  await expect.poll(() => processesIn(folder).length, { timeout: 10_000 }).toBe(0)
})

test('a missing program is named with the package that brings it', async () => {
  await expect(runTool('g++', [], { env: { PATH: folder } })).rejects.toMatchObject({
    message: 'g++ was not found',
    remedy: 'install g++ (Debian, Ubuntu: apt-get install g++)',
  })
})

test('a failing program is reported with what it printed', async () => {
  await expect(runTool('sh', ['-c', 'echo reason >&2; exit 3'])).rejects.toThrow(
    /^sh -c .* ended with 3:\nreason$/s,
  )
})

test('services are stopped by their starter when nobody else uses them', () => {
  expect(joinUsers(folder).leave(true)).toEqual({ mayStop: true })
  expect(joinUsers(folder).leave(false)).toEqual({ mayStop: false })
})

test('services in use are handed over, and the last one out stops them', async () => {
  const module = path.resolve(import.meta.dirname, '../../../scripts/services/users.js')
  const other = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { joinUsers } from ${JSON.stringify(module)}
     const { leave } = joinUsers(${JSON.stringify(folder)})
     console.log('joined')
     process.stdin.once('data', () => { console.log(leave(false).mayStop); process.exit() })`,
  ])
  await once(other.stdout, 'data')
  expect(joinUsers(folder).leave(true)).toEqual({ mayStop: false })
  other.stdin.write('go\n')
  const [answer] = await once(other.stdout, 'data')
  expect(String(answer)).toBe('true\n')
})

test('a user that was killed does not keep services alive', async () => {
  const module = path.resolve(import.meta.dirname, '../../../scripts/services/users.js')
  const other = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { joinUsers } from ${JSON.stringify(module)}
     joinUsers(${JSON.stringify(folder)})
     console.log('joined')
     setTimeout(() => {}, 60000)`,
  ])
  await once(other.stdout, 'data')
  other.kill('SIGKILL')
  await once(other, 'exit')
  expect(joinUsers(folder).leave(true)).toEqual({ mayStop: true })
})
