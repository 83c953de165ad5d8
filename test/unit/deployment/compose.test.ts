import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { Environment } from '../../../src/config.ts'
import { type Stage, stagesOf } from './dockerfile.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

interface ServiceConfig {
  readonly image?: string
  readonly build?: { readonly context: string; readonly target: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly profiles?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly deploy?: unknown
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, ServiceConfig>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const services = Object.entries(compose.services)
const stages = stagesOf(read('Dockerfile'))
const stage = (name: string): Stage => {
  const found = stages.find((one) => one.name === name)
  if (!found) throw new Error(`the Dockerfile has no stage ${name}`)
  return found
}
/** What a user may build. */
const TARGETS = ['api', 'worker', 'worker-gpu']

test('the compose file has the services of the documentation and no other', () => {
  expect(services.map(([name]) => name)).toEqual([
    'postgres',
    'valkey',
    'migrate',
    'api',
    'worker',
    'worker-gpu',
  ])
})

test('every service is an image of a fixed major version or a stage of the Dockerfile', () => {
  for (const [name, { image, build }] of services) {
    if (build) expect(stages.map((one) => one.name)).toContain(build.target)
    else expect(image, name).toMatch(/^[\w/]+:\d+$/)
  }
  expect(new Set(services.flatMap(([, { build }]) => build?.target ?? []))).toEqual(
    new Set(TARGETS),
  )
})

test('database, queue and API say whether they are healthy', () => {
  expect(compose.services.postgres?.healthcheck?.test.join(' ')).toContain('pg_isready')
  expect(compose.services.valkey?.healthcheck?.test.join(' ')).toContain('ping')
  const check = stage('api').all('HEALTHCHECK')
  expect(check).toHaveLength(1)
  expect(check[0]).toContain('/health/live')
})

test('what waits for a healthy service waits for one that has a health check', () => {
  for (const [name, { depends_on: needed = {} }] of services)
    for (const [other, { condition }] of Object.entries(needed)) {
      expect(compose.services, name).toHaveProperty(other)
      if (condition === 'service_healthy')
        expect(compose.services[other]?.healthcheck, other).toBeDefined()
    }
})

test('API and workers start when the migrations have been applied', () => {
  for (const name of ['api', 'worker', 'worker-gpu'])
    expect(compose.services[name]?.depends_on?.migrate?.condition).toBe(
      'service_completed_successfully',
    )
})

test('every variable that is set is one that the service or Postgres reads', () => {
  const known = [
    ...Object.keys(Environment.properties),
    ...['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'],
  ]
  const set = services.flatMap(([, { environment = {} }]) => Object.keys(environment))
  expect(set.filter((name) => !known.includes(name))).toEqual([])
  const toolsOnly = ['NODE_ENV', 'NODE_COMPILE_CACHE', 'DISTILLERY_CACHE_DIR']
  const inImages = stages.flatMap((one) => one.variables())
  expect(inImages.filter((name) => ![...known, ...toolsOnly].includes(name))).toEqual([])
})

test('every process is told its database and its queue', () => {
  for (const name of ['migrate', 'api', 'worker', 'worker-gpu'])
    expect(compose.services[name]?.environment).toMatchObject({
      DATABASE_URL: expect.stringContaining('@postgres:5432/'),
      REDIS_URL: 'redis://valkey:6379',
    })
})

test('a GPU worker runs only when its profile is asked for, and asks for a GPU', () => {
  const { 'worker-gpu': gpu, worker } = compose.services
  expect(gpu?.profiles).toEqual(['gpu'])
  expect(JSON.stringify(gpu?.deploy)).toContain('"capabilities":["gpu"]')
  expect(stage('worker-gpu').text).toMatch(/^ENV DISTILLERY_DEVICE=gpu$/m)
  expect(worker?.profiles).toBeUndefined()
})

test('only the API is reachable from outside, and only on loopback', () => {
  const published = services.filter(([, { ports }]) => ports)
  expect(published.map(([name]) => name)).toEqual(['api'])
  for (const port of compose.services.api?.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
})

test('the queue never evicts, and data outlive their containers', () => {
  expect(compose.services.valkey?.command?.join(' ')).toContain('--maxmemory-policy noeviction')
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes)
  expect(mounted.map((volume) => volume.split(':')[0])).toEqual(Object.keys(compose.volumes))
})

test.each(TARGETS)('image %s does not run as root', (name) => {
  expect(stage(name).all('USER')).toEqual(['node'])
})

test.each(TARGETS)(
  'image %s starts a program that exists, as process 1 without a shell',
  (name) => {
    const [command, ...more] = stage(name).all('CMD')
    expect(more).toEqual([])
    const [program, ...rest] = JSON.parse(command ?? '[]') as string[]
    const script = rest.find((argument) => !argument.startsWith('-')) ?? ''
    expect(program).toBe('node')
    expect(script).toMatch(/^(src|workers)\//)
    expect(existsSync(path.join(ROOT, script)), script).toBe(true)
  },
)

test('the command of the migrations exists', () => {
  const [program, script = ''] = compose.services.migrate?.command ?? []
  expect(program).toBe('node')
  expect(existsSync(path.join(ROOT, script)), script).toBe(true)
})

test('every stage builds on a stage before it or on a Node that runs our TypeScript', () => {
  for (const [index, one] of stages.entries()) {
    const before = stages.slice(0, index).map(({ name }) => name)
    if (!before.includes(one.base)) expect(one.base).toMatch(/^node:24\b/)
    for (const [, from = ''] of one.text.matchAll(/--from=(\S+)/g)) expect(before).toContain(from)
  }
})

test('the API image has no TensorFlow', () => {
  expect(stage('api').text).toContain('--from=api-packages')
  expect(stage('api-packages').text).toContain('rm -rf node_modules/@tensorflow')
})

test('what is built or private on this machine stays out of the images', () => {
  const ignored = read('.dockerignore').trim().split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['node_modules', '.data', '.git', 'out']))
})
