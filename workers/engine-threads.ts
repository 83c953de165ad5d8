/**
 * How many threads TensorFlow gives one operation. A second thread has to be woken for each operation and waited for;
 * where operations are small that costs several times what they do: 64-16-10 trained five times faster on one thread.
 */
import { multiplyAdds, PASSES_OF_A_STEP } from '../src/domain/cost.ts'
import type { Network } from '../src/domain/network.ts'
import type { Training } from '../src/domain/training.ts'
import { planXla } from './engine/compile/xla.ts'
import type { Task, TeacherFiles } from './trainer-contract.ts'

/** Multiplications and additions of one step, in pairs, from which on threads pay: some milliseconds on one core. */
const WORTH_SHARING = 100e6
/** The same where XLA has made one program of a step: there is less to wait for. */
const WORTH_SHARING_BY_XLA = 10e6
/** Rows that a prediction takes at once, at most. */
const PREDICTED_ROWS = 1024

/** Threads for a training on `rows` rows. */
export function threadsForSteps(
  network: Network,
  training: Training,
  rows: number,
  available: number,
): number {
  const ofStep = multiplyAdds(network) * Math.min(training.batchSize, rows) * PASSES_OF_A_STEP
  const worth = planXla(network, training, rows) ? WORTH_SHARING_BY_XLA : WORTH_SHARING
  return ofStep < worth ? 1 : available
}

function teacherMultiplyAdds(teacher: TeacherFiles): number {
  switch (teacher.kind) {
    case 'network':
      return multiplyAdds(teacher.network)
    case 'outputs':
      return 0
    case 'onnx':
    case 'saved-model':
      // Each weight is used once for a row, or many times where it belongs to a convolution.
      return teacher.graph.parameters
  }
}

/** @param available threads that the task may use */
export function threadsFor(task: Task, available: number): number {
  switch (task.kind) {
    case 'train': {
      const { training, dataset } = task
      // A teacher inside the step is run forwards only, and counted as if it were trained too.
      const networks = task.teacher ? [task.network, task.teacher.network] : [task.network]
      return Math.max(
        ...networks.map((network) => threadsForSteps(network, training, dataset.rows, available)),
      )
    }
    case 'predict': {
      const rows = Math.min(PREDICTED_ROWS, task.dataset.rows)
      return teacherMultiplyAdds(task.teacher) * rows < WORTH_SHARING ? 1 : available
    }
    // One row at a time has no work for a second thread, and all networks are timed alike.
    case 'latency':
    case 'combine':
    case 'report':
      return 1
  }
}
