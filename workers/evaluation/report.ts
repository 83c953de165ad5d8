/** The report of a job, computed from stored logits and labels alone. */
import { finalIsMeasured, foldCount } from '../../src/domain/job-plan.ts'
import type { Latency, LatencyRecord } from '../../src/domain/latency.ts'
import { type FormSize, networkSize } from '../../src/domain/model-form.ts'
import type {
  ArmReport,
  Measurement,
  MetricName,
  Metrics,
  Report,
  Summary,
} from '../../src/domain/report.ts'
import type { ResolvedJob } from '../../src/domain/resolved-job.ts'
import { teacherSize } from '../../src/domain/teacher-networks.ts'
import { omittedClasses } from '../../src/domain/transfer.ts'
import type { Arm } from '../../src/domain/words.ts'
import type { ReportTask, ValidationRecord } from '../trainer-contract.ts'
import { reportInnerNetworks } from './inner-networks.ts'
import { armLogits, type MeasuredRows, type ReadFile, readLabels } from './logits-store.ts'
import { MeasurementError } from './measurement-error.ts'
import { argmax, measure } from './metrics.ts'
import { measureOmitted } from './omitted-classes.ts'
import { reportStamps, reportWarnings } from './report-notes.ts'
import { partition, splitSha256 } from './split.ts'
import { pairedDifferences, summarize } from './summary.ts'
import { transferSet } from './transfer-set.ts'

interface Scene {
  readonly task: ReportTask
  readonly read: ReadFile
  readonly labels: Int32Array
  /** Null without a test set. */
  readonly testLabels: Int32Array | null
}

function readTestLabels({ job, testLabelsPath }: ReportTask, read: ReadFile): Int32Array | null {
  if (job.testSet === null) return null
  const { classNames } = job.testSet
  if (JSON.stringify(classNames) !== JSON.stringify(job.dataset.classNames))
    throw new MeasurementError('classes-differ', 'dataset and test set have not the same classes')
  if (testLabelsPath === null)
    throw new MeasurementError('labels-size', 'the labels of the test set are missing')
  return readLabels(read, testLabelsPath, job.testSet.rows)
}

function measureArms(
  { task, read }: Scene,
  fold: number | null,
  rows: MeasuredRows,
  labels: Int32Array,
  trainingRows: number,
): Measurement {
  const { evaluation, dataset } = task.job
  const classes = dataset.classNames.length
  const logits = (arm: Arm, trainedFor = fold): Float32Array =>
    armLogits(task.logits, read, { arm, fold, trainedFor, rows, classes })
  const ofTeacher = logits('teacher', evaluation.teacherPerFold === 'frozen' ? null : fold)
  const teacher = measure(ofTeacher, labels, classes, null)
  const answers = argmax(ofTeacher, classes)
  return {
    heldOutRows: labels.length,
    trainingRows,
    teacher,
    distilled: measure(logits('distilled'), labels, classes, answers),
    control: evaluation.control ? measure(logits('control'), labels, classes, answers) : null,
  }
}

/** How many rows the students were trained on. */
function transferRows({ task, labels }: Scene, training: Uint32Array): number {
  const { transfer, dataset } = task.job
  const omitted = omittedClasses(transfer, dataset.classNames)
  return transferSet(training, labels, omitted).training.length
}

function measureFold(scene: Scene, fold: number | null): Measurement {
  const { labels, task } = scene
  const { training, heldOut } = partition(task.job.evaluation.split, labels, fold)
  const heldOutLabels = Int32Array.from(heldOut, (row) => labels[row] ?? -1)
  const rows: MeasuredRows = { kind: 'held-out', indices: heldOut, of: labels.length }
  return measureArms(scene, fold, rows, heldOutLabels, transferRows(scene, training))
}

/** On the test set where there is one, else on the part that holdout keeps back. */
function measureFinal(scene: Scene): Measurement | null {
  const { job } = scene.task
  if (!finalIsMeasured(job)) return null
  if (scene.testLabels === null) return measureFold(scene, null)
  const { training } = partition(job.evaluation.split, scene.labels, null)
  const rows: MeasuredRows = { kind: 'test-set', count: scene.testLabels.length }
  const ofStudents = transferRows(scene, training)
  return measureArms(scene, null, rows, scene.testLabels, ofStudents)
}

/** Of all rows behind the numbers of the arms. */
function labelsOfMeasuredRows({ task, labels, testLabels }: Scene): Int32Array {
  if (foldCount(task.job) > 0) return labels
  const { heldOut } = partition(task.job.evaluation.split, labels, null)
  return testLabels ?? Int32Array.from(heldOut, (row) => labels[row] ?? -1)
}

const byMetric = (summary: (name: MetricName) => Summary): Record<MetricName, Summary> => ({
  accuracy: summary('accuracy'),
  macroF1: summary('macroF1'),
  nll: summary('nll'),
  agreement: summary('agreement'),
})

const readJson = <T>(read: ReadFile, path: string): T =>
  JSON.parse(new TextDecoder().decode(read(path))) as T

/** In the order of the plan; null where the arm set no row aside. */
function validationOf(
  { task, read }: Pick<Scene, 'task' | 'read'>,
  arm: Arm,
  index?: number,
): ArmReport['validation'] {
  const files = task.validations.filter((file) => file.arm === arm && file.index === index)
  if (files.length === 0) return null
  return files.map(({ fold, path }) => ({
    fold,
    ...readJson<ValidationRecord>(read, path),
  }))
}

const armReport = (
  size: FormSize,
  metrics: readonly Metrics[],
  validation: ArmReport['validation'],
  latency: Latency | null,
): ArmReport => ({
  ...size,
  validation,
  latency,
  metrics: byMetric((name) => summarize(metrics.map((measured) => measured[name]))),
})

function summarizeArms(
  scene: Scene,
  measurements: readonly Measurement[],
): Pick<Report, 'arms' | 'gain'> {
  const { job } = scene.task
  const student = networkSize(job.student.network)
  const teacher = teacherSize(job.teacher)
  const distilled = measurements.map((measurement) => measurement.distilled)
  const control = measurements.flatMap((measurement) => measurement.control ?? [])
  const gain = (name: MetricName): Summary =>
    summarize(
      pairedDifferences(
        distilled.map((metrics) => metrics[name]),
        control.map((metrics) => metrics[name]),
      ),
    )
  const hasControl = job.evaluation.control
  const latency = readJson<LatencyRecord>(scene.read, scene.task.latencyPath)
  return {
    arms: {
      teacher: armReport(
        teacher,
        measurements.map((measurement) => measurement.teacher),
        validationOf(scene, 'teacher'),
        latency.teacher,
      ),
      distilled: armReport(student, distilled, validationOf(scene, 'distilled'), latency.student),
      // The same network with other weights: no other time.
      control: hasControl
        ? armReport(student, control, validationOf(scene, 'control'), latency.student)
        : null,
    },
    gain: hasControl ? byMetric(gain) : null,
  }
}

function describeEvaluation(job: ResolvedJob, labels: Int32Array): Report['evaluation'] {
  const { split, teacherPerFold } = job.evaluation
  return {
    protocol: split.kind === 'none' ? 'test-set' : split.kind,
    folds: foldCount(job),
    stratified: split.kind !== 'none' && split.stratified,
    splitSha256: splitSha256(split, labels),
    teacherPerFold,
    labelledFraction: job.transfer.labelledFraction,
    seed: job.seed,
  }
}

/**
 * Every number of the report, as a pure function of the task and of the files it names.
 *
 * @param read bytes of a file that the task names
 * @throws MeasurementError when logits are missing, not finite or of another size, or labels are out of range
 */
export function buildReport(task: ReportTask, read: ReadFile): Report {
  const { job } = task
  const labels = readLabels(read, task.labelsPath, job.dataset.rows)
  const testLabels = readTestLabels(task, read)
  const scene: Scene = { task, read, labels, testLabels }
  const folds = Array.from({ length: foldCount(job) }, (_, fold) => ({
    fold,
    ...measureFold(scene, fold),
  }))
  const final = measureFinal(scene)
  const { arms, gain } = summarizeArms(scene, folds.length > 0 ? folds : final ? [final] : [])
  const omitted = measureOmitted(scene)
  const { id, name, contentSha256, rows, inputShape, classNames } = job.dataset
  return {
    version: 1,
    dataset: {
      id,
      name,
      contentSha256,
      rows,
      inputShape: [...inputShape],
      classNames: [...classNames],
    },
    evaluation: describeEvaluation(job, labels),
    stamps: reportStamps(job),
    arms,
    ...reportInnerNetworks(scene, (arm, index) => validationOf(scene, arm, index)),
    gain,
    folds,
    final,
    ...(omitted ? { omitted } : {}),
    warnings: reportWarnings(job, arms, gain, labelsOfMeasuredRows(scene)),
  }
}
