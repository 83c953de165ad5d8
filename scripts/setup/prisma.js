// @ts-check
/** `prisma generate`: the typed database client, git-ignored, made anew when the schema changes. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { node24 } from '../system/node.js'
import { MODULES, ROOT } from '../system/paths.js'
import { fingerprint, readStamp, writeWhole } from '../system/stamp.js'
import { runTool } from '../system/tool.js'

const SCHEMA = path.join(ROOT, 'prisma/schema.prisma')
const CLI = path.join(MODULES, 'prisma/build/index.js')
const STAMP = path.join(MODULES, '.distillery/prisma-schema.sha256')

/** @returns {Promise<string | undefined>} */
export async function generateClient() {
  const schema = readFileSync(SCHEMA, 'utf8')
  const { version } = JSON.parse(readFileSync(path.join(MODULES, 'prisma/package.json'), 'utf8'))
  const wanted = fingerprint(schema, version)
  const output = outputOf(schema)
  if (readStamp(STAMP) === wanted && existsSync(path.resolve(path.dirname(SCHEMA), output)))
    return 'cached'
  await runTool(node24(), [CLI, 'generate'], {
    cwd: ROOT,
    remedy: 'correct prisma/schema.prisma as the message says',
  })
  writeWhole(STAMP, wanted)
  return undefined
}

/**
 * @param {string} schema
 * @returns {string} the generator's output folder, relative to the schema's
 */
export function outputOf(schema) {
  const match = /generator\s+\w+\s*\{[^}]*?\boutput\s*=\s*"([^"]+)"/s.exec(schema)
  if (!match?.[1]) throw new Error('prisma/schema.prisma: the generator has no output')
  return match[1]
}
