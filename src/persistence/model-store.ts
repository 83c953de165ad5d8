/** Models in Postgres. */
import type { Model, ModelForm, Precision, WeightFormat } from '../domain/model.ts'
import type { ModelStore, Page, PageRequest, Removal, StoredBlob } from '../domain/ports.ts'
import type { DeliveredModel } from '../domain/task.ts'
import type { Database, Transaction } from './database.ts'
import type { ModelFile as ModelFileRow, Model as ModelRow } from './generated/client.ts'
import { belowCursor, pageClause, toJson, toPage } from './rows.ts'

const WITH_FILES = { include: { files: { orderBy: { kind: 'asc' } } } } as const

const toModel = (row: ModelRow & { readonly files: readonly ModelFileRow[] }): Model => ({
  id: row.id,
  name: row.name,
  source: row.source,
  form: row.form as unknown as ModelForm,
  classes: row.classes,
  classNames: row.classNames.length > 0 ? row.classNames : null,
  files: Object.fromEntries(
    row.files.map(({ kind, sha256, sizeBytes }) => [
      kind,
      { sha256, sizeBytes: Number(sizeBytes) },
    ]),
  ),
  lineage:
    row.jobId && row.role
      ? { jobId: row.jobId, role: row.role, index: row.index, taughtBy: row.taughtBy }
      : null,
  createdAt: row.createdAt,
})

/** What tells the models of a job apart. */
export const DELIVERED = { id: true, role: true, index: true } as const
export const DELIVERED_ORDER = [{ role: 'asc' }, { index: 'asc' }] as const

export const toDelivered = ({
  role,
  ...model
}: Pick<ModelRow, 'id' | 'role' | 'index'>): DeliveredModel[] => (role ? [{ role, ...model }] : [])

/** Its rows, for the stores that create one. */
export async function insertModel(
  tx: Transaction,
  model: Omit<Model, 'createdAt'>,
  createdAt?: Date,
): Promise<void> {
  await tx.model.create({
    data: {
      id: model.id,
      name: model.name,
      source: model.source,
      form: toJson(model.form),
      classes: model.classes,
      classNames: [...(model.classNames ?? [])],
      jobId: model.lineage?.jobId ?? null,
      role: model.lineage?.role ?? null,
      index: model.lineage?.index ?? 0,
      taughtBy: [...(model.lineage?.taughtBy ?? [])],
      ...(createdAt ? { createdAt } : {}),
      files: {
        create: Object.entries(model.files).map(([kind, { sha256, sizeBytes }]) => ({
          kind,
          sha256,
          sizeBytes: BigInt(sizeBytes),
        })),
      },
    },
    select: { id: true },
  })
}

export class PrismaModelStore implements ModelStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async create(model: Model): Promise<void> {
    await this.#database.$transaction((tx) => insertModel(tx, model, model.createdAt))
  }

  async get(id: string): Promise<Model | null> {
    const row = await this.#database.model.findUnique({ where: { id }, ...WITH_FILES })
    return row && toModel(row)
  }

  async list(page: PageRequest): Promise<Page<Model>> {
    const rows = await this.#database.model.findMany({
      where: belowCursor(page),
      ...pageClause(page),
      ...WITH_FILES,
    })
    return toPage(rows.map(toModel), page)
  }

  async exported(
    modelId: string,
    format: WeightFormat,
    precision: Precision,
  ): Promise<StoredBlob | null> {
    const row = await this.#database.modelExport.findUnique({
      where: { modelId_format_precision: { modelId, format, precision } },
    })
    return row && { sha256: row.sha256, sizeBytes: Number(row.sizeBytes) }
  }

  async keepExport(
    id: string,
    format: WeightFormat,
    precision: Precision,
    { sha256, sizeBytes }: StoredBlob,
  ): Promise<void> {
    await this.#database.$executeRaw`
      INSERT INTO model_exports (model_id, format, precision, sha256, size_bytes)
      SELECT m.id, ${format}, ${precision}, ${sha256}, ${sizeBytes} FROM models m WHERE m.id = ${id}
      ON CONFLICT DO NOTHING`
  }

  async remove(id: string): Promise<Removal> {
    return this.#database.$transaction(async (tx) => {
      const locked = await tx.$queryRaw<unknown[]>`SELECT 1 FROM models WHERE id = ${id} FOR UPDATE`
      if (locked.length === 0) return { kind: 'not-found' }
      const users = await tx.job.findMany({
        where: {
          status: { in: ['queued', 'running', 'cancelling'] },
          teacherModelIds: { has: id },
        },
        select: { id: true },
      })
      if (users.length > 0) return { kind: 'in-use', jobs: users.map((job) => job.id) }
      await tx.model.delete({ where: { id } })
      return { kind: 'removed' }
    })
  }
}
