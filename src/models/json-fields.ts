/** Typed reading of JSON that nobody has checked: each mistake becomes a ModelError that names the place. */
import { ModelError, quoted } from './model-error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Own properties only, so that `constructor` or `__proto__` are not found where nobody wrote them. */
export const property = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

const isAbsent = (value: unknown): value is null | undefined =>
  value === undefined || value === null

/** A value as it may stand in a message; never walks into what was sent. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) {
    const plain = value.length <= 8 && value.every((item) => typeof item !== 'object' || !item)
    return plain ? `[${value.map(shown).join(', ')}]` : `a list of ${value.length}`
  }
  if (isObject(value)) return 'an object'
  return String(value)
}

const isCount = (value: unknown, maximum: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maximum

/**
 * The fields of one JSON object; `where` begins every message, for example `layer "dense_1" (Dense)`, and `pointer` is the
 * place of the object in its document.
 */
export class Fields {
  readonly object: JsonObject
  readonly where: string
  readonly pointer: string
  constructor(object: JsonObject, where: string, pointer: string) {
    this.object = object
    this.where = where
    this.pointer = pointer
  }

  value(key: string): unknown {
    return property(this.object, key)
  }

  /** What is wrong with the object, or with one of its fields that is there. */
  error(code: string, message: string, key?: string): ModelError {
    const field = key !== undefined && Object.hasOwn(this.object, key) ? `/${key}` : ''
    return new ModelError(code, `${this.where}: ${message}`, { pointer: this.pointer + field })
  }

  refuse(key: string, accepted: string): never {
    const value = this.value(key)
    throw this.error(
      'layer-option-not-supported',
      `${key} is ${value === undefined ? 'missing' : shown(value)}; accepted is ${accepted}`,
      key,
    )
  }

  count(key: string, maximum: number): number {
    const value = this.value(key)
    return isCount(value, maximum) ? value : this.refuse(key, `a whole number from 1 to ${maximum}`)
  }

  /** One number for both axes, or two. Undefined when absent. */
  pair(key: string, maximum: number): [number, number] | undefined {
    const value = this.value(key)
    if (isAbsent(value)) return undefined
    if (isCount(value, maximum)) return [value, value]
    if (Array.isArray(value) && value.length === 2) {
      const [first, second]: unknown[] = value
      if (isCount(first, maximum) && isCount(second, maximum)) return [first, second]
    }
    return this.refuse(key, `a whole number from 1 to ${maximum}, or two`)
  }

  /** One number, bare or in a list of its own, as Keras has it for sequences. Undefined when absent. */
  single(key: string, maximum: number): number | undefined {
    const value = this.value(key)
    if (isAbsent(value)) return undefined
    const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
    return isCount(only, maximum) ? only : this.refuse(key, `a whole number from 1 to ${maximum}`)
  }

  number(key: string, otherwise: number, accepts: (value: number) => boolean, range: string) {
    const value = this.value(key)
    if (isAbsent(value)) return otherwise
    return typeof value === 'number' && accepts(value) ? value : this.refuse(key, range)
  }

  boolean(key: string, otherwise: boolean): boolean {
    const value = this.value(key)
    if (isAbsent(value)) return otherwise
    return typeof value === 'boolean' ? value : this.refuse(key, 'true or false')
  }

  word<Word extends string>(key: string, words: readonly Word[], otherwise: Word): Word {
    const value = this.value(key)
    if (isAbsent(value)) return otherwise
    return words.find((word) => word === value) ?? this.refuse(key, words.map(quoted).join(', '))
  }

  /** Refuses an option that this service does not have, unless it is absent or has no effect. */
  only(key: string, harmless: readonly unknown[]): void {
    const value = this.value(key)
    if (!isAbsent(value) && !harmless.includes(value))
      this.refuse(key, harmless.map(shown).join(' or ') || 'null')
  }
}
