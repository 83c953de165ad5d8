// @ts-check
const PARENT_CHECK_MS = 250

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP; a second one calls `again`. Under `npm run`, whose shell dies of the
 * signal without passing it on, the loss of that shell counts as SIGTERM.
 * @param {() => void} again
 * @returns {{ signalled: Promise<NodeJS.Signals>, ignore: () => void }}
 */
export function catchSignals(again) {
  /** @type {NodeJS.Signals[]} */
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP']
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  let count = 0
  /** @type {(signal: NodeJS.Signals) => void} */
  let handler = () => {}
  const signalled = new Promise((/** @type {(signal: NodeJS.Signals) => void} */ resolve) => {
    handler = (signal) => {
      count += 1
      if (count > 1) again()
      resolve(signal)
    }
    if (process.env.npm_lifecycle_event === undefined) return
    const parent = process.ppid
    timer = setInterval(() => {
      if (process.ppid !== parent) resolve('SIGTERM')
    }, PARENT_CHECK_MS).unref()
  })
  for (const name of names) process.on(name, handler)
  return {
    signalled,
    ignore: () => {
      clearInterval(timer)
      for (const name of names) process.off(name, handler)
    },
  }
}
