/** Log options of all processes. */
import { type LoggerOptions, pino } from 'pino'

export const loggerOptions = (level: string, name: string): LoggerOptions => ({
  name,
  level,
  redact: ['req.headers.authorization', 'req.headers["idempotency-key"]'],
})

export const createLogger = (level: string, name: string) => pino(loggerOptions(level, name))
export type Logger = ReturnType<typeof createLogger>
