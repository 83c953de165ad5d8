/** The stored models behind the networks of a job. */
import { type TaskPlace, teachingAssistant } from './job-plan.ts'
import type { ResolvedJob, ResolvedMember, ResolvedTeacher } from './resolved-job.ts'
import type { DeliveredModel } from './task.ts'
import type { ModelRole } from './words.ts'

function membersOf(teacher: ResolvedTeacher): readonly ResolvedMember[] {
  if (teacher.kind === 'peer') return []
  return teacher.kind === 'ensemble' ? teacher.members : [teacher]
}

/** Models that were given as teachers, each once. */
export const givenModelIds = (teacher: ResolvedTeacher): string[] => [
  ...new Set(
    membersOf(teacher).flatMap((member) => (member.kind === 'model' ? [member.modelId] : [])),
  ),
]

/**
 * The stored models that a delivered network learned from.
 * @param delivered what the job has delivered so far
 */
export function taughtBy(
  job: ResolvedJob,
  place: TaskPlace,
  delivered: readonly DeliveredModel[],
): string[] {
  const find = (role: ModelRole, index = 0): string[] =>
    delivered.filter((model) => model.role === role && model.index === index).map(({ id }) => id)
  switch (place.arm) {
    case 'distilled':
    case 'assistant': {
      const assistant = teachingAssistant(job, place)
      if (assistant !== null) return find('assistant', assistant)
      const role = job.teacher.kind === 'ensemble' ? 'member' : 'teacher'
      return membersOf(job.teacher).flatMap((member, index) =>
        member.kind === 'model' ? [member.modelId] : find(role, index),
      )
    }
    case 'teacher':
    case 'member':
    case 'control':
    case null:
      return []
  }
}
