/** Which workers are alive, in Postgres. */
import type { WorkerRegistry } from '../domain/ports.ts'
import type { Database } from './database.ts'

export class PrismaWorkerRegistry implements WorkerRegistry {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async beat({ id, hostname, pid, slots }: Parameters<WorkerRegistry['beat']>[0]): Promise<void> {
    await this.#database.$executeRaw`
      INSERT INTO workers (id, hostname, pid, slots) VALUES (${id}, ${hostname}, ${pid}, ${slots})
      ON CONFLICT (id) DO UPDATE SET seen_at = now(), slots = excluded.slots`
    await this.#database.$executeRaw`DELETE FROM workers WHERE seen_at < now() - interval '1 day'`
  }

  async leave(id: string): Promise<void> {
    await this.#database.worker.deleteMany({ where: { id } })
  }

  async liveSlots(withinMs: number): Promise<number> {
    const [row] = await this.#database.$queryRaw<{ slots: number }[]>`
      SELECT COALESCE(sum(slots), 0)::int AS slots FROM workers
      WHERE seen_at > now() - ${withinMs} * interval '1 millisecond'`
    return row?.slots ?? 0
  }
}
