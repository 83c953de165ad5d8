/** A control that may train for as long as teacher and student took together. */
import { readFile } from 'node:fs/promises'
import { longerTraining } from './evaluation/convergence/matched-epochs.ts'
import type { TrainingRecord, TrainTask } from './trainer-contract.ts'

const record = async (path: string): Promise<TrainingRecord> =>
  JSON.parse(await readFile(path, 'utf8')) as TrainingRecord

/** The task with as many epochs as fit into the seconds of the trainings that it is matched with. */
export async function withMatchedBudget(task: TrainTask): Promise<TrainTask> {
  if (!task.matchSeconds) return task
  const { teacher, distilled } = task.matchSeconds
  const epochs = longerTraining(
    task.training.epochs,
    await record(teacher),
    await record(distilled),
  )
  return { ...task, training: { ...task.training, epochs } }
}
