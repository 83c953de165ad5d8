// @ts-check

/**
 * @param {string} text anything with a version in it: `v24.1.0`, `Redis server v=6.2.14 sha=…`
 * @returns {number[] | undefined} [major, minor, patch]
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined
}

/**
 * @param {readonly number[] | undefined} version
 * @param {readonly number[]} oldest
 * @returns {boolean} false when the version is unknown
 */
export function isAtLeast(version, oldest) {
  if (version === undefined) return false
  for (const [i, wanted] of oldest.entries()) {
    const have = version[i] ?? 0
    if (have !== wanted) return have > wanted
  }
  return true
}
