/** Datasets in Postgres. */
import type { Dataset, DatasetGroups, DatasetProfile } from '../domain/dataset.ts'
import type { DatasetStore, Page, PageRequest, Removal } from '../domain/ports.ts'
import type { Database } from './database.ts'
import { type Dataset as DatasetRow, Prisma } from './generated/client.ts'
import { belowCursor, pageClause, toJson, toPage } from './rows.ts'

const toDataset = (row: DatasetRow): Dataset => ({
  ...row,
  sizeBytes: Number(row.sizeBytes),
  profile: row.profile as unknown as DatasetProfile,
  groups: row.groups as unknown as DatasetGroups | null,
})

export class PrismaDatasetStore implements DatasetStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async create(dataset: Dataset): Promise<void> {
    await this.#database.dataset.createMany({
      data: {
        ...dataset,
        inputShape: [...dataset.inputShape],
        classNames: [...dataset.classNames],
        classCounts: [...dataset.classCounts],
        sizeBytes: BigInt(dataset.sizeBytes),
        profile: toJson(dataset.profile),
        groups: dataset.groups ? toJson(dataset.groups) : Prisma.DbNull,
      },
      skipDuplicates: true,
    })
  }

  async get(id: string): Promise<Dataset | null> {
    const row = await this.#database.dataset.findUnique({ where: { id } })
    return row && toDataset(row)
  }

  async list(page: PageRequest): Promise<Page<Dataset>> {
    const rows = await this.#database.dataset.findMany({
      where: belowCursor(page),
      ...pageClause(page),
    })
    return toPage(rows.map(toDataset), page)
  }

  async remove(id: string): Promise<Removal> {
    return this.#database.$transaction(async (tx) => {
      // Submitting a job locks the rows it refers to for share, so it cannot slip in between.
      const locked = await tx.$queryRaw<
        unknown[]
      >`SELECT 1 FROM datasets WHERE id = ${id} FOR UPDATE`
      if (locked.length === 0) return { kind: 'not-found' }
      const users = await tx.job.findMany({
        where: {
          status: { in: ['queued', 'running', 'cancelling'] },
          OR: [{ datasetId: id }, { testSetId: id }],
        },
        select: { id: true },
      })
      if (users.length > 0) return { kind: 'in-use', jobs: users.map((job) => job.id) }
      await tx.dataset.delete({ where: { id } })
      return { kind: 'removed' }
    })
  }
}
