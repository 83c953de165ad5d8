/** How long networks take for a batch, measured in turns so that whatever else the machine does meets them alike. */
import { setImmediate } from 'node:timers/promises'
import type { LatencyOfBatch } from '../../../src/domain/latency.ts'
import { quantile } from './quantile.ts'
import type { Runnable } from './timed-network.ts'

/** Not counted: caches fill, libraries choose their kernels. */
const WARM_UP_RUNS = 10
/** Of each network, unless time runs out. */
const MOST_RUNS = 200
/** A 95th percentile of fewer says nothing. */
const FEWEST_RUNS = 20
/** For all runs of one batch size together. */
const BUDGET_MS = 1000

async function millisecondsOf(network: Runnable): Promise<number> {
  const start = performance.now()
  await network.run()
  return performance.now() - start
}

/**
 * Runs every network in turn, until each ran {@link MOST_RUNS} times or the budget is used up.
 * @returns one entry a network, in their order
 * @throws the reason of the signal when aborted, between two runs
 */
export async function measureLatency(
  networks: readonly Runnable[],
  signal: AbortSignal,
): Promise<LatencyOfBatch[]> {
  for (const network of networks)
    for (let run = 0; run < WARM_UP_RUNS; run++) {
      signal.throwIfAborted()
      await network.run()
    }
  const times: number[][] = networks.map(() => [])
  const start = performance.now()
  for (let round = 0; round < MOST_RUNS; round++) {
    if (round >= FEWEST_RUNS && performance.now() - start > BUDGET_MS) break
    signal.throwIfAborted()
    for (const [index, network] of networks.entries())
      times[index]?.push(await millisecondsOf(network))
    await setImmediate()
  }
  return times.map((measured) => ({
    p50Ms: quantile(measured, 0.5),
    p95Ms: quantile(measured, 0.95),
    runs: measured.length,
  }))
}
