/** The committed OpenAPI document is the one that the routes make, and says of every route what a client must know. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildApp } from '../../../src/api/app.ts'
import { documentOnly } from '../../../src/api/write-openapi.ts'
import { PROBLEMS } from '../../../src/domain/problems.ts'
import { type Route, routesOf } from '../../support/routes.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { name: string; in: string; required?: boolean }[]
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>
}
interface Document {
  readonly openapi: string
  readonly info: { title: string; version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** Pages and files rather than an interface. */
const isInterface = ({ url }: Route): boolean => /^\/(v1|health)\//.test(url)

let routes: Route[] = []
let made = ''
let document: Document

beforeAll(async () => {
  const app = await buildApp(documentOnly)
  await app.ready()
  routes = routesOf(app)
  made = app.swagger({ yaml: true })
  document = parse(made) as Document
  await app.close()
})

const operations = () =>
  Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ url, method, operation })),
  )

test('the committed document is fresh: otherwise run `npm run openapi:write`', async () => {
  const file = path.resolve(import.meta.dirname, '../../../openapi.yaml')
  expect(await readFile(file, 'utf8')).toBe(made)
})

test('every route is in the document, and nothing else is', () => {
  const inDocument = operations().map(
    ({ url, method }) => `${method.toUpperCase()} ${url.replaceAll(/\{(\w+)\}/g, ':$1')}`,
  )
  const wanted = routes.filter(isInterface).map(({ method, url }) => `${method} ${url}`)
  expect(wanted.length).toBeGreaterThan(20)
  expect(inDocument.sort()).toEqual(wanted.sort())
})

test('every route has a summary, a name of its own and a known tag', () => {
  const ids = operations().map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  const tags = (parse(made) as { tags: { name: string }[] }).tags.map((tag) => tag.name)
  for (const { url, operation } of operations()) {
    expect(operation.summary, url).toMatch(/^[A-Z].{5,}/)
    expect(tags, url).toContain(operation.tags[0])
  }
})

test('every route under /v1 says how it can fail, in problems that exist', () => {
  for (const { url, method, operation } of operations().filter((one) =>
    one.url.startsWith('/v1'),
  )) {
    const failures = Object.entries(operation.responses).filter(([status]) => status >= '400')
    const statuses = failures.map(([status]) => status)
    expect(statuses, `${method} ${url}`).toEqual(expect.arrayContaining(['401', '500']))
    if (url.includes('{id}')) expect(statuses, `${method} ${url}`).toContain('404')
    if (method === 'post' && !url.includes('{id}'))
      expect(statuses, url).toEqual(expect.arrayContaining(['400', '415', '422']))
    for (const [status, { description, content }] of failures) {
      expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
      const codes = [...description.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code)
      expect(codes.length, `${url} ${status}`).toBeGreaterThan(0)
      for (const code of codes)
        expect(PROBLEMS[code as keyof typeof PROBLEMS].status).toBe(Number(status))
    }
  }
})

test('every parameter in a path is declared, and every reference leads somewhere', () => {
  for (const { url, operation } of operations()) {
    const inPath = [...url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = (operation.parameters ?? []).filter((one) => one.in === 'path')
    expect(declared.map((one) => one.name).sort(), url).toEqual(inPath.sort())
    expect(
      declared.every((one) => one.required),
      url,
    ).toBe(true)
    expect(Object.keys(operation.responses).length, url).toBeGreaterThan(0)
    for (const response of Object.values(operation.responses))
      expect(response.description, url).toBeTypeOf('string')
  }
  const references = [...made.matchAll(/\$ref: ["']?#\/components\/schemas\/([^"'\s]+)/g)]
  expect(references.length).toBeGreaterThan(10)
  for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name)
  expect([...made.matchAll(/\$ref:/g)]).toHaveLength(references.length)
})

test('its schemas are JSON Schema 2020-12, as OpenAPI 3.1 wants them, and the example is valid', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
  const ajv = new Ajv2020({ strict: false, discriminator: true })
  addFormats.default(ajv as never)
  ajv.addSchema({ $id: 'openapi', ...document })
  for (const name of Object.keys(document.components.schemas))
    expect(ajv.getSchema(`openapi#/components/schemas/${name}`), name).toBeTypeOf('function')
  const { examples } = document.components.schemas.JobSpec as { examples: unknown[] }
  expect(examples.length).toBeGreaterThan(0)
  for (const example of examples)
    expect(ajv.validate({ $ref: 'openapi#/components/schemas/JobSpec' }, example)).toBe(true)
})
