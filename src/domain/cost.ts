/** What a network costs, from its shapes alone. */
import { foldCount, type PlannedTask } from './job-plan.ts'
import { elements, type Network, type PlacedLayer } from './network.ts'
import type { ResolvedJob } from './resolved-job.ts'

const KERNELS: ReadonlySet<string> = new Set(['kernel', 'depthwiseKernel', 'pointwiseKernel'])

/** Each number of a kernel is used once for every output pixel: the depthwise part has the strides, the 1x1 part none. */
function layerMultiplyAdds(placed: PlacedLayer): number {
  const pixels = elements(placed.outputShape.slice(0, -1))
  return placed.weights
    .filter(({ name }) => KERNELS.has(name))
    .reduce((sum, { shape }) => sum + elements(shape) * pixels, 0)
}

/** Multiply-adds of one forward pass of one row; dense and convolution kernels only. */
export const multiplyAdds = (network: Network): number =>
  network.layers.reduce((sum, placed) => sum + layerMultiplyAdds(placed), 0)

/**
 * Relative cost of a task, for progress in percent: steps times (a fixed cost a step + work in proportion to
 * multiply-adds). The ratio is a rule of thumb; only the shares matter.
 */
export function taskCost(
  job: ResolvedJob,
  task: Pick<PlannedTask, 'kind' | 'arm' | 'fold'>,
): number {
  if (task.kind === 'report') return 100
  const network = task.arm === 'teacher' ? job.teacher.network : job.student.network
  if (task.kind === 'predict') return 100 + (job.dataset.rows * multiplyAdds(network)) / 2e7
  const training =
    task.arm === 'teacher' && job.teacher.kind === 'train'
      ? job.teacher.training
      : job.student.training
  const folds = foldCount(job)
  const rows =
    task.fold === null || folds === 0 ? job.dataset.rows : (job.dataset.rows * (folds - 1)) / folds
  const steps = training.epochs * Math.ceil(rows / training.batchSize)
  return 300 + steps * (1 + (training.batchSize * multiplyAdds(network)) / 7e6)
}
