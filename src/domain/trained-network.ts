/** Which network a task of a job trains, and for what. */
import type { TaskPlace } from './job-plan.ts'
import { LABELS_ONLY } from './objective.ts'
import type { Learner, ResolvedJob, ResolvedMember } from './resolved-job.ts'

/** The teacher, or the member of it, that is at work in a place; null in places of networks that are taught, and of ensembles and peers. */
export function teacherAt(
  { teacher }: ResolvedJob,
  { arm, index }: TaskPlace,
): ResolvedMember | null {
  switch (arm) {
    case 'teacher':
      return teacher.kind === 'ensemble' || teacher.kind === 'peer' ? null : teacher
    case 'member':
      return (teacher.kind === 'ensemble' && teacher.members[index ?? -1]) || null
    case 'assistant':
    case 'distilled':
    case 'control':
    case null:
      return null
  }
}

/** @throws Error where the task trains nothing */
export function trainedNetwork(job: ResolvedJob, place: TaskPlace): Learner {
  const { student, objective, stages, suggestWeights } = job
  switch (place.arm) {
    case 'teacher':
    case 'member': {
      const teacher = teacherAt(job, place)
      if (teacher?.kind !== 'train') break
      const { network, training } = teacher
      return { network, training, objective: LABELS_ONLY }
    }
    case 'assistant': {
      const assistant = job.chain?.[place.index ?? -1]
      if (!assistant) break
      return assistant
    }
    case 'distilled':
      return {
        ...student,
        objective,
        ...(stages ? { stages } : {}),
        ...(suggestWeights ? { suggestWeights } : {}),
      }
    case 'control':
      return { ...student, objective: LABELS_ONLY }
    case null:
      break
  }
  throw new Error(`the job trains no ${place.arm ?? 'network'} ${place.index ?? ''}`)
}
