/** What a network costs, from its shapes alone. */
import { foldCount, type PlannedTask } from './job-plan.ts'
import { elements, type Network, type PlacedLayer } from './network.ts'
import type { ResolvedJob } from './resolved-job.ts'

function layerMultiplyAdds(placed: PlacedLayer): number {
  const kernel = placed.weights.find((weight) => weight.name === 'kernel')
  if (!kernel) return 0
  const channels = placed.outputShape.at(-1) ?? 1
  return elements(kernel.shape) * (elements(placed.outputShape) / channels)
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
