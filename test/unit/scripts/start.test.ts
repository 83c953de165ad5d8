import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { addressFrom, assertFree, whoIsAt } from '../../../scripts/commands/address.js'
import { backOff } from '../../../scripts/commands/back-off.js'
import { freePort, portIsFree } from '../../../scripts/system/ports.js'

test('a crashing worker waits twice as long each time, up to 30 s, and begins anew after a quiet minute', () => {
  const wait = backOff()
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => wait(100))).toEqual([
    500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
  ])
  expect([wait(60_000), wait(100)]).toEqual([500, 1000])
})

test.each([
  [{}, 'http://127.0.0.1:8080'],
  [{ HOST: '', PORT: '' }, 'http://127.0.0.1:8080'],
  [{ HOST: '0.0.0.0', PORT: '9000' }, 'http://127.0.0.1:9000'],
  [{ HOST: '::', PORT: '9000' }, 'http://[::1]:9000'],
])('%j is reached at %s', (env, url) => {
  expect(addressFrom(env).url).toBe(url)
})

test.each(['0', '65536', '80a', '-1', '1.5'])('PORT %s is refused', (PORT) => {
  expect(() => addressFrom({ PORT })).toThrow(`PORT is "${PORT}"`)
})

/** Answers every request alike while `work` runs. */
async function withServer(answers: Record<string, string>, work: (port: number) => Promise<void>) {
  const server = createServer((request, response) => {
    const body = answers[request.url ?? '']
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work((server.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

test('a Distillery is told from another program on its port', async () => {
  const distillery = {
    '/health/ready': '{}',
    '/openapi.yaml': 'openapi: 3.1.0\ninfo:\n  title: Distillery\n',
  }
  const others = [
    {},
    { '/health/ready': 'ok' },
    { '/health/ready': 'ok', '/openapi.yaml': 'info:\n  title: Other\n' },
    { '/openapi.yaml': distillery['/openapi.yaml'] }, // ours, but not ready
  ]
  await withServer(distillery, async (port) => {
    expect(await whoIsAt(addressFrom({ PORT: String(port) }))).toBe('distillery')
  })
  for (const answers of others)
    await withServer(answers, async (port) => {
      const address = addressFrom({ PORT: String(port) })
      expect(await whoIsAt(address)).toBe('taken')
      await expect(assertFree(address)).rejects.toThrow(`port ${port} of 127.0.0.1 is taken`)
    })
})

test('a port is kept when it is free and replaced when it is not', async () => {
  await withServer({}, async (taken) => {
    expect(await portIsFree('127.0.0.1', taken)).toBe(false)
    const other = await freePort(taken)
    expect(other).not.toBe(taken)
    expect(await freePort(other)).toBe(other)
  })
})
