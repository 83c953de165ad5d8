/** What `scripts/commands/bench.js` hands over. */

/** Python interpreters with the peers in them. */
export interface Peers {
  readonly torch: string
  readonly jax: string
}

export interface BenchEnvironment {
  readonly peers: Peers
  /** Of the running service. */
  readonly base: string
}

export const ownEnvironment = (): NodeJS.ProcessEnv => process.env

/** @throws Error when it was not started by `npm run bench` */
export function benchEnvironment(): BenchEnvironment {
  const { BENCH_TORCH_PYTHON: torch, BENCH_JAX_PYTHON: jax, DISTILLERY_URL: base } = process.env
  if (torch && jax && base) return { peers: { torch, jax }, base }
  throw new Error('start it by `npm run bench`: it sets the service and the peers up')
}
