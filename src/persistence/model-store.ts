/** Models in Postgres. */
import type { Model, Normalization, Precision, WeightFormat } from '../domain/model.ts'
import type { Network } from '../domain/network.ts'
import type { ModelStore, Page, PageRequest, Removal, StoredBlob } from '../domain/ports.ts'
import type { Database } from './database.ts'
import { type Model as ModelRow, Prisma } from './generated/client.ts'
import { belowCursor, pageClause, toJson, toPage } from './rows.ts'

/** With the sizes of its files, which the blobs know. */
async function toModel(database: Database, row: ModelRow): Promise<Model> {
  const tfjs = row.tfjsSha256
    ? await database.blob.findUnique({ where: { sha256: row.tfjsSha256 } })
    : null
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    network: row.network as unknown as Network,
    normalization: row.normalization as unknown as Normalization | null,
    classes: row.classes,
    classNames: row.classNames.length > 0 ? row.classNames : null,
    parameters: row.parameters,
    sizeBytes: Number(row.sizeBytes),
    files: {
      safetensors: { sha256: row.safetensorsSha256, sizeBytes: Number(row.sizeBytes) },
      ...(tfjs?.sha256 ? { tfjs: { sha256: tfjs.sha256, sizeBytes: Number(tfjs.sizeBytes) } } : {}),
    },
    lineage: row.jobId && row.role ? { jobId: row.jobId, role: row.role } : null,
    createdAt: row.createdAt,
  }
}

/** The columns of a model, for the stores that create one. */
export function modelRow(model: Omit<Model, 'createdAt'>): Prisma.ModelUncheckedCreateInput {
  const { safetensors, tfjs } = model.files
  if (!safetensors) throw new Error(`model ${model.id} has no safetensors file`)
  return {
    id: model.id,
    name: model.name,
    source: model.source,
    network: toJson(model.network),
    normalization: model.normalization ? toJson(model.normalization) : Prisma.DbNull,
    classes: model.classes,
    classNames: [...(model.classNames ?? [])],
    parameters: model.parameters,
    sizeBytes: BigInt(safetensors.sizeBytes),
    safetensorsSha256: safetensors.sha256,
    tfjsSha256: tfjs?.sha256 ?? null,
    jobId: model.lineage?.jobId ?? null,
    role: model.lineage?.role ?? null,
  }
}

export class PrismaModelStore implements ModelStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async create(model: Model): Promise<void> {
    await this.#database.model.create({ data: { ...modelRow(model), createdAt: model.createdAt } })
  }

  async get(id: string): Promise<Model | null> {
    const row = await this.#database.model.findUnique({ where: { id } })
    return row && toModel(this.#database, row)
  }

  async list(page: PageRequest): Promise<Page<Model>> {
    const rows = await this.#database.model.findMany({
      where: belowCursor(page),
      ...pageClause(page),
    })
    return toPage(await Promise.all(rows.map((row) => toModel(this.#database, row))), page)
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
        where: { status: { in: ['queued', 'running', 'cancelling'] }, teacherModelId: id },
        select: { id: true },
      })
      if (users.length > 0) return { kind: 'in-use', jobs: users.map((job) => job.id) }
      await tx.model.delete({ where: { id } })
      return { kind: 'removed' }
    })
  }
}
