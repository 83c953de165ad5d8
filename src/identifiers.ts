import { v7 as uuidv7 } from 'uuid'
import type { Identifiers } from './domain/ports.ts'

export const identifiers: Identifiers = { create: (prefix) => `${prefix}_${uuidv7()}` }
