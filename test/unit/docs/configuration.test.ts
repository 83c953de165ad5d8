import { expect, test } from 'vitest'
import { Environment, readConfig } from '../../../src/config.ts'
import { readText, tableRows, unquoted } from './support.ts'

interface Variable {
  readonly name: string
  readonly description: string
  /** As one writes it in an environment; empty when there is none. */
  readonly standard: string
  readonly isRequired: boolean
}

const VARIABLES: Variable[] = Object.entries(
  Environment.properties as unknown as Readonly<
    Record<string, { description: string; default?: unknown }>
  >,
).map(([name, schema]) => ({
  name,
  description: schema.description,
  standard: schema.default === undefined ? '' : String(schema.default),
  isRequired: schema.default === undefined && (Environment.required as string[]).includes(name),
}))

test('docs/operations.md lists every variable with its default and meaning', () => {
  const rows = tableRows(readText('docs/operations.md'), '| Variable |').map((row) =>
    row.map(unquoted),
  )
  expect(rows).toEqual(
    VARIABLES.map(({ name, description, standard, isRequired }) => [
      name,
      isRequired ? 'required' : standard || 'none',
      description,
    ]),
  )
})

test('.env.example lists every variable with its meaning and default, all commented out', () => {
  const text = readText('.env.example')
  const entries = [...text.matchAll(/^# (.+)\n#([A-Z_]+)=(.*)$/gm)].map(
    ([, description, name, standard]) => ({ name, description, standard }),
  )
  expect(entries).toEqual(
    VARIABLES.map(({ name, description, standard }) => ({ name, description, standard })),
  )
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
})

test('the documented defaults are what the service starts with', () => {
  const config: Record<string, unknown> = {
    ...readConfig({ DATABASE_URL: 'postgresql://d', REDIS_URL: 'redis://r' }),
  }
  const withDefault = VARIABLES.filter(({ standard }) => standard !== '')
  expect(withDefault.map(({ name }) => [name, String(config[name])])).toEqual(
    withDefault.map(({ name, standard }) => [name, standard]),
  )
})
