import { expect, test } from 'vitest'
import { readConfig, redacted, refuseOpenDoor } from '../../src/config.ts'

const env = {
  DATABASE_URL: 'postgresql://user:secret@127.0.0.1/db',
  REDIS_URL: 'redis://:secret@127.0.0.1',
  PATH: '/bin',
}

test('defaults make a service for this machine alone', () => {
  expect(readConfig(env)).toMatchObject({ HOST: '127.0.0.1', PORT: 8080, DISTILLERY_DEVICE: 'cpu' })
})

test('every variable that is missing or wrong is named at once', () => {
  expect(() => readConfig({ PORT: 'many', LOG_LEVEL: 'loud' })).toThrow(
    /(?=.*DATABASE_URL is not set)(?=.*REDIS_URL is not set)(?=.*PORT)(?=.*LOG_LEVEL)/,
  )
})

test('an empty variable is one that is not set', () => {
  expect(readConfig({ ...env, PORT: '', API_KEY: '' }).PORT).toBe(8080)
})

test('no secret is logged or handed to a trainer', () => {
  const config = readConfig({ ...env, API_KEY: 'a-long-enough-secret' })
  expect(JSON.stringify(redacted(config))).not.toContain('secret')
  expect(JSON.stringify(config.trainerEnvironment)).not.toContain('secret')
  expect(config.trainerEnvironment.PATH).toBe('/bin')
})

test.each(['0.0.0.0', '192.168.1.5', '::', 'example.org'])(
  'listening on %s without a key is refused',
  (HOST) => {
    expect(() => refuseOpenDoor(readConfig({ ...env, HOST }))).toThrow(/API_KEY/)
    expect(() =>
      refuseOpenDoor(readConfig({ ...env, HOST, API_KEY: 'a-long-enough-secret' })),
    ).not.toThrow()
    expect(() =>
      refuseOpenDoor(readConfig({ ...env, HOST, ALLOW_UNAUTHENTICATED: 'true' })),
    ).not.toThrow()
  },
)

test.each(['127.0.0.1', 'localhost', '::1'])('listening on %s needs no key', (HOST) => {
  expect(() => refuseOpenDoor(readConfig({ ...env, HOST }))).not.toThrow()
})
