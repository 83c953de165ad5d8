/**
 * All configuration, from the environment, in one schema. The only reader of `process.env`.
 * Parsed once at start, frozen, passed on as arguments.
 */
import { availableParallelism } from 'node:os'
import { Ajv } from 'ajv'
import { type Static, Type } from 'typebox'

const Url = (description: string) => Type.String({ minLength: 1, description })
const Count = (description: string, minimum: number, fallback?: number) =>
  Type.Integer({ minimum, description, ...(fallback === undefined ? {} : { default: fallback }) })

export const Environment = Type.Object({
  DATABASE_URL: Url('postgresql://… of the Postgres that holds everything.'),
  REDIS_URL: Url('redis://… of the Redis that carries task ids.'),
  HOST: Type.String({ default: '127.0.0.1', description: 'Address the API listens on.' }),
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: 'Of the API.' }),
  API_KEY: Type.Optional(
    Type.String({
      minLength: 16,
      description: 'When set, every request under /v1 needs `Authorization: Bearer <key>`.',
    }),
  ),
  ALLOW_UNAUTHENTICATED: Type.Boolean({
    default: false,
    description: 'Permit listening beyond loopback without API_KEY.',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    default: 'info',
    description: 'Least severe level that is logged.',
  }),
  MAX_UPLOAD_BYTES: Count('Largest upload, in bytes.', 1024, 2 * 1024 ** 3),
  MAX_WAITING_JOBS: Count('More jobs than this may not wait; the next gets 429.', 1, 1000),
  DATABASE_CONNECTIONS: Count('Most database connections of one process.', 2, 10),
  QUEUE_PREFIX: Type.String({
    pattern: '^[a-z0-9-]+$',
    default: 'distillery',
    description: 'Of all keys in Redis.',
  }),
  WORKER_SLOTS: Type.Optional(Count('Tasks a worker runs at once; default: one for each core.', 1)),
  TRAINER_THREADS: Type.Optional(
    Count('Threads of one trainer; default: the cores shared out over the slots.', 1),
  ),
  LEASE_MS: Count(
    'A task whose worker is silent for this long is given to another, in ms.',
    1000,
    10_000,
  ),
  WORK_DIRECTORY: Type.String({
    default: '.data/work',
    description:
      'Where a worker keeps datasets and unfinished results; may be emptied while it is stopped.',
  }),
  DISTILLERY_DEVICE: Type.Enum(['cpu', 'gpu'], {
    default: 'cpu',
    description: 'Where trainers run; gpu needs the CUDA build of TensorFlow.',
  }),
})

type Values = Static<typeof Environment>
export type Config = Readonly<Omit<Values, 'WORKER_SLOTS' | 'TRAINER_THREADS'>> & {
  readonly WORKER_SLOTS: number
  readonly TRAINER_THREADS: number
  /** The environment a trainer process gets: ours without anything secret. */
  readonly trainerEnvironment: Readonly<NodeJS.ProcessEnv>
}

const SECRETS = ['DATABASE_URL', 'REDIS_URL', 'API_KEY'] as const

/** @throws Error that names every variable that is missing or wrong. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const ajv = new Ajv({ coerceTypes: true, useDefaults: true, allErrors: true })
  // An empty variable means "not set", as compose files and shells write it.
  const values = Object.fromEntries(
    Object.keys(Environment.properties).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
  ) as unknown
  const valid = ajv.compile<Values>(Environment)
  if (!valid(values)) {
    const complaints = (valid.errors ?? []).map((error) =>
      error.keyword === 'required'
        ? `${error.params.missingProperty} is not set`
        : `${error.instancePath.slice(1)} ${error.message}`,
    )
    throw new Error(`the environment is not right: ${complaints.join('; ')} (see .env.example)`)
  }
  const cores = availableParallelism()
  const slots = values.WORKER_SLOTS ?? (values.DISTILLERY_DEVICE === 'gpu' ? 1 : cores)
  const trainerEnvironment = { ...env }
  for (const secret of SECRETS) delete trainerEnvironment[secret]
  return Object.freeze({
    ...values,
    WORKER_SLOTS: slots,
    TRAINER_THREADS: values.TRAINER_THREADS ?? Math.max(1, Math.floor(cores / slots)),
    trainerEnvironment: Object.freeze(trainerEnvironment),
  })
}

/** For the log: passwords and keys blotted out. */
export function redacted(config: Config): Record<string, unknown> {
  const { trainerEnvironment: _, ...shown } = config
  const hidePassword = (url: string): string => url.replace(/\/\/([^/@]*)@/, '//***@')
  return {
    ...shown,
    DATABASE_URL: hidePassword(config.DATABASE_URL),
    REDIS_URL: hidePassword(config.REDIS_URL),
    ...(config.API_KEY ? { API_KEY: '***' } : {}),
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

/** An open job service is remote use of your machine: refuse to start one by accident. */
export function refuseOpenDoor(config: Config): void {
  if (!LOOPBACK.test(config.HOST) && !config.API_KEY && !config.ALLOW_UNAUTHENTICATED)
    throw new Error(
      `HOST is ${config.HOST}, which others can reach: set API_KEY, or ALLOW_UNAUTHENTICATED=true if something in front asks for keys`,
    )
}

/** Where the demo finds the service, and whether that goes on running afterwards; set by its launcher. */
export const demoTarget = (
  env: NodeJS.ProcessEnv = process.env,
): { readonly url: string; readonly stays: boolean } => ({
  url: env.DISTILLERY_URL ?? `http://${env.HOST ?? '127.0.0.1'}:${env.PORT ?? 8080}`,
  stays: env.DISTILLERY_STAYS === '1',
})
