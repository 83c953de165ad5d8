/** What a teacher of a job is made of, trained or given, one or several. */
import { type FormSize, networkSize, sizeOf, sumOfSizes } from './model-form.ts'
import type { Network } from './network.ts'
import type { ResolvedTeacher } from './resolved-job.ts'

export function teacherSize(teacher: ResolvedTeacher): FormSize {
  switch (teacher.kind) {
    case 'train':
    case 'peer':
      return networkSize(teacher.network)
    case 'model':
      return sizeOf(teacher.form)
    case 'ensemble':
      return sumOfSizes(teacher.members.map(teacherSize))
  }
}

/** Null: a teacher that is no network, or more than one. */
export function networkOf(teacher: ResolvedTeacher): Network | null {
  switch (teacher.kind) {
    case 'train':
    case 'peer':
      return teacher.network
    case 'model':
      return teacher.form.kind === 'network' ? teacher.form.network : null
    case 'ensemble':
      return null
  }
}

/** The networks that a teacher has the job train. */
export function trainedNetworks(teacher: ResolvedTeacher): readonly Network[] {
  if (teacher.kind === 'ensemble') return teacher.members.flatMap(trainedNetworks)
  return teacher.kind === 'model' ? [] : [teacher.network]
}
