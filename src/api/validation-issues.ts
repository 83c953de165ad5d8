/** Ajv's errors in words a client can act on: where, what, and what would be right. */
import type { ErrorObject } from 'ajv'
import type { SpecIssue } from '../domain/spec-issue.ts'

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** Number of single-letter edits between two words. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries())
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + (letter === other ? 0 : 1),
        ),
      )
    row = next
  }
  return row.at(-1) ?? 0
}

function closest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((candidate) => ({
      candidate,
      distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3))
    ? best.candidate
    : undefined
}

const propertiesOf = (error: ErrorObject): string[] =>
  Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {})

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function toIssue(error: ErrorObject): SpecIssue {
  const at = error.instancePath
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(params.additionalProperty)
      const known = propertiesOf(error)
      const meant = closest(field, known)
      return {
        pointer: `${at}/${escapePointer(field)}`,
        code: 'unknown-field',
        message: `there is no field \`${field}\` here${meant ? `; did you mean \`${meant}\`?` : ''}`,
        allowed: known,
      }
    }
    case 'required':
      return {
        pointer: `${at}/${escapePointer(String(params.missingProperty))}`,
        code: 'field-missing',
        message: `\`${params.missingProperty}\` must be given`,
      }
    case 'minProperties':
    case 'maxProperties':
      return {
        pointer: at,
        code: 'choose-one',
        message: `give exactly one of ${propertiesOf(error).join(', ')}`,
        allowed: propertiesOf(error),
      }
    case 'type':
      return {
        pointer: at,
        code: 'wrong-type',
        message: `${shown(error.data)} must be ${[params.type].flat().join(' or ')}`,
      }
    case 'enum':
      return {
        pointer: at,
        code: 'not-a-choice',
        message: `${shown(error.data)} is not one of the choices`,
        allowed: params.allowedValues as string[],
      }
    case 'discriminator': {
      const tag = String(params.tag)
      const branches = (
        error.parentSchema as { oneOf?: { properties: Record<string, { const: string }> }[] }
      ).oneOf
      const allowed = (branches ?? []).flatMap((branch) => branch.properties[tag]?.const ?? [])
      return {
        pointer: `${at}/${tag}`,
        code: 'not-a-choice',
        message:
          params.tagValue === undefined
            ? `\`${tag}\` must be given`
            : `${shown(params.tagValue)} is not one of the choices`,
        allowed,
      }
    }
    default:
      return { pointer: at, code: 'out-of-range', message: `${shown(error.data)} ${error.message}` }
  }
}

/** A failed union reports every branch; the sentence about the union itself adds nothing when a branch says more. */
export function toIssues(errors: readonly ErrorObject[]): SpecIssue[] {
  const issues = errors.filter((error) => error.keyword !== 'anyOf').map(toIssue)
  const seen = new Set<string>()
  return issues.filter((issue) => {
    const key = `${issue.pointer} ${issue.code} ${issue.message}`
    return !seen.has(key) && seen.add(key)
  })
}
