/** Upload, read and delete datasets. A file passes through in pieces; nothing of a refused one stays. */
import { contentSha256 } from '../datasets/content-hash.ts'
import { readCsv } from '../datasets/csv.ts'
import { openDigits } from '../datasets/digits.ts'
import { readIdx } from '../datasets/idx.ts'
import type { ParsedDataset } from '../datasets/parsed-dataset.ts'
import type { FeatureSink } from '../datasets/sink.ts'
import type { Dataset, DatasetGroups } from '../domain/dataset.ts'
import { elements } from '../domain/network.ts'
import type {
  BlobStore,
  BlobWriter,
  DatasetStore,
  Identifiers,
  Page,
  PageRequest,
} from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import { readWhole } from './read-blob.ts'
import { storeBlob } from './store-blob.ts'

interface Ports {
  readonly datasets: DatasetStore
  readonly blobs: BlobStore
  readonly ids: Identifiers
  readonly maxRows: number
  /** Of the data of one file, after gzip. */
  readonly maxBytes: number
}

type Source = AsyncIterable<Uint8Array>

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

const withoutRows = ({ column, count, largest, ofClass }: DatasetGroups): DatasetGroups => ({
  column,
  count,
  largest,
  ofClass,
})

export interface CsvUpload {
  readonly name: string
  readonly source: Source
  readonly labelColumn: string
  /** Null: no rows belong together. */
  readonly groupColumn: string | null
  /** Null: one feature a column. */
  readonly inputShape: readonly number[] | null
}

export interface IdxUpload {
  readonly name: string
  readonly images: Source
  readonly labels: Source
}

export type DatasetService = ReturnType<typeof createDatasetService>

export function createDatasetService({ datasets, blobs, ids, maxRows, maxBytes }: Ports) {
  async function store(
    identity: { id: string; name: string; source: Dataset['source'] },
    parse: (sink: FeatureSink) => Promise<ParsedDataset>,
  ): Promise<Dataset> {
    let writer: BlobWriter | undefined
    try {
      writer = await blobs.open()
      const parsed = await parse(writer)
      const features = await writer.finish()
      const { inputShape, featureType, classNames, classCounts, rows, profile } = parsed
      const labels = await storeBlob(blobs, [bytesOf(parsed.labels)])
      const { groups } = parsed
      const ofRow = groups && (await storeBlob(blobs, [bytesOf(groups.ofRow)]))
      const dataset: Dataset = {
        ...identity,
        rows,
        inputShape,
        featureType,
        classNames,
        classCounts,
        profile,
        featuresSha256: features.sha256,
        labelsSha256: labels.sha256,
        groups: groups && withoutRows(groups),
        groupsSha256: ofRow?.sha256 ?? null,
        contentSha256: contentSha256({
          inputShape,
          featureType,
          classNames,
          featuresSha256: features.sha256,
          labelsSha256: labels.sha256,
          groupsSha256: ofRow?.sha256 ?? null,
        }),
        sizeBytes: features.sizeBytes + labels.sizeBytes + (ofRow?.sizeBytes ?? 0),
        createdAt: new Date(),
      }
      await datasets.create(dataset)
      return dataset
    } catch (error) {
      await writer?.abort()
      throw error
    }
  }

  async function get(id: string): Promise<Dataset> {
    const dataset = await datasets.get(id)
    if (!dataset) throw new Problem('dataset-not-found', `There is no dataset ${id}.`)
    return dataset
  }

  return {
    get,
    list: (page: PageRequest): Promise<Page<Dataset>> => datasets.list(page),

    /** Stores the data that comes with the service, unless it is there. */
    async ensureBuiltin(): Promise<void> {
      if (await datasets.get('ds_digits')) return
      const { source, options } = openDigits()
      await store({ id: 'ds_digits', name: 'digits', source: 'builtin' }, (sink) =>
        readCsv(source, { ...options, maxRows }, sink),
      )
    },

    /** @throws DatasetError that names row and column */
    uploadCsv: (upload: CsvUpload): Promise<Dataset> =>
      store({ id: ids.create('ds'), name: upload.name, source: 'csv' }, (sink) => {
        const { labelColumn, groupColumn, inputShape } = upload
        const options = {
          labelColumn,
          maxRows,
          ...(groupColumn === null ? {} : { groupColumn }),
          ...(inputShape ? { inputShape } : {}),
        }
        return readCsv(upload.source, options, sink)
      }),

    /** @throws DatasetError */
    uploadIdx: ({ name, images, labels }: IdxUpload): Promise<Dataset> =>
      store({ id: ids.create('ds'), name, source: 'idx' }, (sink) =>
        readIdx({ images, labels }, { maxRows, maxBytes }, sink),
      ),

    /** Rows `[offset, offset + limit)`, features as numbers. */
    async preview(
      id: string,
      offset: number,
      limit: number,
    ): Promise<{ row: number; label: string; features: number[] }[]> {
      const dataset = await get(id)
      const width = elements(dataset.inputShape)
      const from = Math.min(offset, dataset.rows)
      const count = Math.min(limit, dataset.rows - from)
      const bytesPerRow = width * (dataset.featureType === 'uint8' ? 1 : 4)
      const part = (sha256: string, size: number) =>
        readWhole(
          blobs.read(sha256, { start: from * size, end: (from + count) * size }),
          count * size,
        )
      const bytes = await part(dataset.featuresSha256, bytesPerRow)
      const labels = new Int32Array((await part(dataset.labelsSha256, 4)).buffer)
      const values = dataset.featureType === 'uint8' ? bytes : new Float32Array(bytes.buffer)
      return Array.from({ length: count }, (_, index) => ({
        row: from + index,
        label: dataset.classNames[labels[index] ?? -1] ?? '',
        features: Array.from(values.subarray(index * width, (index + 1) * width)),
      }))
    },

    async remove(id: string): Promise<void> {
      const { source } = await get(id)
      if (source === 'builtin')
        throw new Problem('in-use', `${id} comes with the service and stays.`)
      const outcome = await datasets.remove(id)
      if (outcome.kind === 'in-use')
        throw new Problem(
          'in-use',
          `Jobs that have not ended use ${id}: ${outcome.jobs.join(', ')}. Cancel them first.`,
        )
    },
  }
}
