import { setTimeout } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { startDispatcher } from '../../../src/application/dispatcher.ts'
import type { DispatchStore, QueueEntry, TaskQueue } from '../../../src/domain/ports.ts'

const entry = (taskId: string): QueueEntry => ({ taskId, attempt: 0 })

/** A store with one ready task, and a queue that can be broken. */
function world() {
  const ready = [entry('a')]
  const lost: QueueEntry[] = []
  const queued: string[] = []
  let broken = false
  let calls = 0
  const store: DispatchStore = {
    exclusively: async (work) => {
      calls++
      await work()
      return true
    },
    recoverExpired: async () => 0,
    takeReady: async (window) => ready.splice(0, window),
    dispatchedLongAgo: async () => lost,
    undispatch: async (ids) => {
      ready.push(...ids.map(entry))
    },
  }
  const queue: TaskQueue = {
    add: async (entries) => {
      if (broken) throw new Error('Redis is away')
      queued.push(...entries.map(({ taskId }) => taskId))
    },
    missing: async (entries) => entries.filter(({ taskId }) => !queued.includes(taskId)),
  }
  const errors: unknown[] = []
  const dispatcher = startDispatcher({
    store,
    queue,
    slots: async () => 2,
    onError: (error) => errors.push(error),
  })
  return {
    ready,
    lost,
    queued,
    errors,
    dispatcher,
    calls: () => calls,
    breakQueue(state: boolean) {
      broken = state
    },
  }
}

test('a ready task is queued at once', async () => {
  const { queued, dispatcher } = world()
  await vi.waitFor(() => expect(queued).toEqual(['a']))
  await dispatcher.close()
})

test('a task that the queue would not take is ready again, and queued when the queue is back', async () => {
  const { queued, ready, errors, dispatcher, breakQueue } = world()
  await vi.waitFor(() => expect(queued).toEqual(['a']))
  breakQueue(true)
  ready.push(entry('b'))
  dispatcher.wake()
  await vi.waitFor(() => expect(errors).toHaveLength(1))
  expect(ready.map(({ taskId }) => taskId)).toEqual(['b'])
  breakQueue(false)
  dispatcher.wake()
  await vi.waitFor(() => expect(queued).toEqual(['a', 'b']))
  await dispatcher.close()
})

test('an entry that the queue has lost is put back', async () => {
  const { queued, lost, dispatcher } = world()
  lost.push(entry('vanished'))
  dispatcher.wake()
  await vi.waitFor(() => expect(queued).toContain('vanished'))
  await dispatcher.close()
})

test('wakes that come while it works are answered by one more round, and none after closing', async () => {
  const { dispatcher, calls } = world()
  for (let count = 0; count < 50; count++) dispatcher.wake()
  await dispatcher.close()
  const seen = calls()
  expect(seen).toBeLessThanOrEqual(2)
  dispatcher.wake()
  await setTimeout(20)
  expect(calls()).toBe(seen)
})
