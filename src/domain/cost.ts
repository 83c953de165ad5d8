/** What a network costs, from its shapes alone. */
import { foldsOf } from './evaluation.ts'
import { innerTeacherKeys, type PlannedTask } from './job-plan.ts'
import type { ModelForm } from './model.ts'
import { elements, type Network, type PlacedLayer } from './network.ts'
import type { ResolvedJob, ResolvedTeacher } from './resolved-job.ts'
import { teacherAt, trainedNetwork } from './trained-network.ts'

const KERNELS: ReadonlySet<string> = new Set(['kernel', 'depthwiseKernel', 'pointwiseKernel'])

/** Each number of a kernel is used once for every output pixel: the depthwise part has the strides, the 1x1 part none. */
function layerMultiplyAdds(placed: PlacedLayer): number {
  const pixels = elements(placed.outputShape.slice(0, -1))
  return placed.weights
    .filter(({ name }) => KERNELS.has(name))
    .reduce((sum, { shape }) => sum + elements(shape) * pixels, 0)
}

/** Of a training step: forward, and a gradient each for inputs and weights. */
export const PASSES_OF_A_STEP = 3

/** Multiply-adds of one forward pass of one row; dense and convolution kernels only. */
export const multiplyAdds = (network: Network): number =>
  network.layers.reduce((sum, placed) => sum + layerMultiplyAdds(placed), 0)

/** Of one row, forward; null where the form does not tell. */
export function formMultiplyAdds(form: ModelForm): number | null {
  switch (form.kind) {
    case 'network':
      return multiplyAdds(form.network)
    case 'outputs':
      return 0
    case 'onnx':
    case 'saved-model':
      return null
  }
}

/** Stands in for a teacher that does not tell: a network for small images. */
const UNKNOWN_MULTIPLY_ADDS = 10e6

/** Of one row, forward; null where a given teacher does not tell. */
export function teacherMultiplyAdds(teacher: ResolvedTeacher): number | null {
  switch (teacher.kind) {
    case 'train':
    case 'peer':
      return multiplyAdds(teacher.network)
    case 'model':
      return formMultiplyAdds(teacher.form)
    case 'ensemble':
      return teacher.members
        .map(teacherMultiplyAdds)
        .reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0)
  }
}

/**
 * Relative cost of a task, for progress in percent: steps times (a fixed cost a step + work in proportion to
 * multiply-adds). The ratio is a rule of thumb; only the shares matter.
 */
export function taskCost(
  job: ResolvedJob,
  task: Pick<PlannedTask, 'key' | 'kind' | 'arm' | 'index' | 'fold'>,
): number {
  if (task.kind !== 'train' && task.kind !== 'predict') return 100
  if (task.kind === 'predict') {
    const given = teacherAt(job, task)
    const perRow = (given && teacherMultiplyAdds(given)) ?? UNKNOWN_MULTIPLY_ADDS
    return 100 + (job.dataset.rows * perRow) / 2e7
  }
  const { network, training } = trainedNetwork(job, task)
  const isPeered = task.arm === 'distilled' && job.teacher.kind === 'peer'
  const ofPeer = isPeered ? (teacherMultiplyAdds(job.teacher) ?? 0) : 0
  const perRow = multiplyAdds(network) + ofPeer
  const folds = foldsOf(job.evaluation.split)
  const rows =
    task.fold === null || folds === 0 ? job.dataset.rows : (job.dataset.rows * (folds - 1)) / folds
  const { innerFolds } = job.evaluation
  const isInner = innerFolds !== undefined && innerTeacherKeys(job, task.fold).includes(task.key)
  const trained = isInner ? (rows * (innerFolds - 1)) / innerFolds : rows
  const steps = training.epochs * Math.ceil(trained / training.batchSize)
  return 300 + steps * (1 + (training.batchSize * perRow) / 7e6)
}
