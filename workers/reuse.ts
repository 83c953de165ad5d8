/**
 * Which earlier task did the same work. The task of a network that teaches is a pure function of its task document, whose files are named by
 * their hashes; what it left is taken over instead of being computed again, by later jobs too. Students are never taken
 * over: a job is asked to train one.
 */
import { createHash } from 'node:crypto'
import type { ClaimedTask } from '../src/domain/task.ts'
import { teaches } from '../src/domain/words.ts'
import { buildTask } from './build-task.ts'
import type { EarlierFile } from './earlier-files.ts'

/** To be raised when the same task document gives other numbers, files, or curves than it did. */
const GENERATION = 3

/** @returns null where nothing may be taken over */
export function reuseKey(claimed: ClaimedTask, earlier: readonly EarlierFile[]): string | null {
  if (claimed.arm === null || !teaches(claimed.arm)) return null
  const task = buildTask(claimed, { earlier, fileOf: (sha256) => sha256, outputDirectory: '' })
  return createHash('sha256')
    .update(JSON.stringify([GENERATION, task]))
    .digest('hex')
}
