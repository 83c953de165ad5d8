// @ts-check
const FIRST_MS = 500
const LONGEST_MS = 30_000
const STABLE_MS = 60_000

/**
 * How long to wait before a crashed process is started again: doubles with each crash, from 0.5 s to 30 s, and begins
 * anew after a minute without one.
 * @returns {(ranForMs: number) => number} waiting time in ms
 */
export function backOff() {
  let next = FIRST_MS
  return (ranForMs) => {
    if (ranForMs >= STABLE_MS) next = FIRST_MS
    const wait = next
    next = Math.min(next * 2, LONGEST_MS)
    return wait
  }
}
