/**
 * Files of a model in any format. What training did not leave is made when it is first asked for, from the stored
 * safetensors file and in one pass, and kept as a blob as long as the model.
 */
import {
  MODEL_FORMAT,
  type Model,
  type ModelFile,
  type ModelForm,
  type Precision,
  WEIGHT_FORMATS,
  type WeightFormat,
} from '../domain/model.ts'
import { ownFileOf, sizeOf } from '../domain/model-form.ts'
import type { BlobStore, JobStore, ModelStore, StoredBlob } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import type { Report } from '../domain/report/report.ts'
import type { ModelRole } from '../domain/words.ts'
import { embeddedManifest, exportModel } from '../models/export/export-model.ts'
import { ExportImpossible } from '../models/export/precision.ts'
import { openStoredWeights, type StoredWeights } from '../models/export/stored-weights.ts'
import { storeBlob } from './store-blob.ts'

interface Ports {
  readonly models: ModelStore
  readonly jobs: JobStore
  readonly blobs: BlobStore
}

export type ExportService = ReturnType<typeof createExportService>

function metricsOf({ lineage }: Model, report: Report): Record<string, unknown> {
  const { arms, gain, final, evaluation, stamps, warnings } = report
  const { role = 'teacher', index = 0 } = lineage ?? {}
  const measuredAs = {
    teacher: () => ({ metrics: arms.teacher.metrics, final: final?.teacher }),
    student: () => ({ metrics: arms.distilled.metrics, final: final?.distilled }),
    member: () => report.ensemble?.members[index],
    assistant: () => report.chain?.[index],
  } satisfies Record<ModelRole, () => unknown>
  const measured = measuredAs[role]()
  return {
    heldOut: measured?.metrics ?? null,
    final: measured?.final ?? null,
    gain: role === 'student' ? gain : null,
    evaluation,
    stamps,
    warnings,
  }
}

type NetworkForm = Extract<ModelForm, { kind: 'network' }>

const isWeightFormat = (format: ModelFile): format is WeightFormat =>
  (WEIGHT_FORMATS as readonly string[]).includes(format)

export function createExportService({ models, jobs, blobs }: Ports) {
  const inProgress = new Map<string, Promise<StoredBlob>>()
  let last: Promise<unknown> = Promise.resolve()

  /** One after the other, so that memory stays bounded however many are asked for. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  const open = ({ weightsSha256 }: NetworkForm): Promise<StoredWeights> =>
    openStoredWeights((range) => blobs.read(weightsSha256, range))

  async function make(
    model: Model,
    form: NetworkForm,
    format: WeightFormat,
    precision: Precision,
  ): Promise<StoredBlob> {
    const { network, normalization, weightsSha256: safetensorsSha256 } = form
    const exported = { network, normalization, classNames: model.classNames, safetensorsSha256 }
    try {
      const weights = await open(form)
      const blob = await storeBlob(blobs, exportModel(exported, weights, format, precision))
      await models.keepExport(model.id, format, precision, blob)
      return blob
    } catch (error) {
      if (!(error instanceof ExportImpossible)) throw error
      throw new Problem(
        'never-ready',
        `Model ${model.id} cannot be given as ${format} in ${precision}: ${error.message}.`,
      )
    }
  }

  return {
    /**
     * The same bytes whenever it is asked for.
     * @throws Problem `never-ready` when the format or the precision cannot hold the model
     */
    async file(model: Model, format: ModelFile, precision: Precision): Promise<StoredBlob> {
      const stored = precision === 'float32' ? model.files[format] : undefined
      if (stored) return stored
      const { form } = model
      if (form.kind !== 'network' || !isWeightFormat(format))
        throw new Problem(
          'never-ready',
          `Model ${model.id} is of form ${form.kind} and not kept as ${format} in ${precision}; ask for ${Object.keys(model.files).join(' or ')} in float32.`,
        )
      const ready = await models.exported(model.id, format, precision)
      if (ready) return ready
      const key = `${model.id} ${format} ${precision}`
      const making = inProgress.get(key) ?? inTurn(() => make(model, form, format, precision))
      inProgress.set(key, making)
      try {
        return await making
      } finally {
        inProgress.delete(key)
      }
    },

    /** Everything that is known of a model: what its files say of themselves, and its job and the numbers of its report. */
    async manifest(model: Model): Promise<Record<string, unknown>> {
      const { form, lineage, classNames } = model
      const job = lineage && (await jobs.get(lineage.jobId))
      const report = lineage && (await jobs.report(lineage.jobId))
      return {
        ...(form.kind === 'network'
          ? {
              format: MODEL_FORMAT,
              ...embeddedManifest(await open(form), form.weightsSha256),
              normalization: form.normalization,
              network: form.network,
            }
          : { form }),
        classNames,
        model: {
          id: model.id,
          name: model.name,
          source: model.source,
          parameters: sizeOf(form).parameters,
          sizeBytes: model.files[ownFileOf(form)]?.sizeBytes ?? 0,
          createdAt: model.createdAt.toISOString(),
        },
        job: job && {
          id: job.id,
          createdAt: job.createdAt.toISOString(),
          finishedAt: job.finishedAt?.toISOString() ?? null,
          resolvedSpec: job.resolved,
        },
        metrics: report && metricsOf(model, report),
      }
    },
  }
}
