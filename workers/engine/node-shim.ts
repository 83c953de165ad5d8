/**
 * tfjs-node 4.22 calls two `node:util` helpers: `isNullOrUndefined`, which Node 23 removed, and `isArray`, which
 * prints a deprecation warning. Must be evaluated before tfjs-node.
 */
import util from 'node:util'

const legacy = util as unknown as Record<string, unknown>
legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined
legacy.isArray = Array.isArray
