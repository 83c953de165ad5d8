/** The teacher of a job: one network or several, trained in the job or given. */
import { checkAugmentation, checkTokensStay } from './check-augmentation.ts'
import { checkTraining } from './check-training.ts'
import type { Model } from './model.ts'
import type { Network } from './network.ts'
import type { PeerSpec } from './peer-spec.ts'
import { resolveEnsembleWeights, validationFractionOfMembers } from './resolve-ensemble.ts'
import { resolveGivenTeacher } from './resolve-given-teacher.ts'
import { checkTokens } from './resolve-tokens.ts'
import type { ResolvedMember, ResolvedTeacher } from './resolved-job.ts'
import { innerOf, networkFor, type Resolving } from './resolving.ts'
import { networkOf } from './teacher-networks.ts'
import type { MemberSpec, TeacherSpec } from './teacher-spec.ts'
import { resolveTraining, type TrainingSpec } from './training.ts'

/** What a teacher that is the student itself is made of. */
export interface StudentSource {
  /** Null: there is none, for a reason that was told already. */
  readonly network: Network | null
  readonly training: TrainingSpec
}

/** Models that the specs of teachers refer to. */
export interface GivenTeachers {
  readonly teacher: Model | null
  /** Of an ensemble, one for each member; null where the member is trained in the job. */
  readonly members?: readonly (Model | null)[]
}

/** Where a client wrote the teacher that is used as it is. */
export function givenPointer({ ensemble, job, peer }: TeacherSpec): string {
  if (peer) return '/teacher/peer'
  if (ensemble) return '/teacher/ensemble'
  return job === undefined ? '/teacher/model' : '/teacher/job'
}

function resolveGiven(
  spec: MemberSpec,
  model: Model,
  pointer: string,
  { dataset, testSet, issues, notes }: Resolving,
): ResolvedMember {
  const place = `${pointer}/${spec.job === undefined ? 'model' : 'job'}`
  const given = resolveGivenTeacher(model, dataset, testSet, place, issues, notes)
  checkTokens(networkOf(given), { dataset, testSet }, place, issues)
  return given.kind === 'model' && spec.job !== undefined ? { ...given, jobId: spec.job } : given
}

function resolveTrained(
  network: Network | null,
  spec: TrainingSpec | undefined,
  /** Null: checked where it was written. */
  pointer: string | null,
  scene: Resolving,
): ResolvedMember | null {
  const { issues, dataset } = scene
  const inner = innerOf(spec, 1, scene)
  const training = resolveTraining(spec, inner.trainedRows, dataset.inputShape)
  if (pointer !== null) {
    checkTraining(training, inner, pointer, issues)
    checkAugmentation(spec, dataset.inputShape, `${pointer}/augmentation`, issues)
    checkTokensStay(spec, [network], `${pointer}/augmentation`, issues)
  }
  return network && { kind: 'train', network, training }
}

/** @param forced of the training, where it has to be the same for all members */
function resolveMember(
  spec: MemberSpec,
  model: Model | null,
  pointer: string,
  student: StudentSource,
  forced: Partial<TrainingSpec>,
  scene: Resolving,
): ResolvedMember | null {
  if (model) return resolveGiven(spec, model, pointer, scene)
  if (spec.self)
    return resolveTrained(student.network, { ...student.training, ...forced }, null, scene)
  if (!spec.train) return null
  const { architecture, training } = spec.train
  const network = networkFor(architecture, `${pointer}/train`, scene)
  const asked = training || forced.validationFraction ? { ...training, ...forced } : undefined
  return resolveTrained(network, asked, `${pointer}/train/training`, scene)
}

function resolvePeer(
  { architecture }: PeerSpec,
  student: StudentSource,
  scene: Resolving,
): ResolvedTeacher | null {
  const network = architecture ? networkFor(architecture, '/teacher/peer', scene) : student.network
  return network && { kind: 'peer', network }
}

/** @returns null where that was told as an issue */
export function resolveTeacher(
  spec: TeacherSpec,
  { teacher, members = [] }: GivenTeachers,
  student: StudentSource,
  scene: Resolving,
): ResolvedTeacher | null {
  const { ensemble, peer } = spec
  if (peer) return resolvePeer(peer, student, scene)
  if (!ensemble) return resolveMember(spec, teacher, '/teacher', student, {}, scene)
  const fraction = validationFractionOfMembers(ensemble, student.training, scene)
  const forced = fraction === null ? {} : { validationFraction: fraction }
  const resolved = ensemble.members.map((member, index) => {
    const pointer = `/teacher/ensemble/members/${index}`
    return resolveMember(member, members[index] ?? null, pointer, student, forced, scene)
  })
  const weights = resolveEnsembleWeights(ensemble, fraction, scene.issues)
  const known = resolved.filter((member) => member !== null)
  if (known.length < resolved.length || weights === null) return null
  return { kind: 'ensemble', members: known, weights }
}
