/** The assistants of a job: networks between teacher and student. */
import type { AssistantSpec, ChainSpec } from './chain-spec.ts'
import { IssueList } from './issue-list.ts'
import type { JobSpec } from './job-spec.ts'
import type { Network } from './network.ts'
import type { Objective, StageSpec, TermSpec } from './objective.ts'
import { type LearnerSource, resolveLearner, type Teaching } from './resolve-learner.ts'
import type { Learner } from './resolved-job.ts'
import { networkFor, type Resolving } from './resolving.ts'
import type { SpecIssue } from './spec-issue.ts'

/** An assistant whose architecture is known. */
export interface PlacedAssistant {
  readonly spec: Omit<AssistantSpec, 'architecture'>
  /** Null: there is none, for a reason that was told already. */
  readonly network: Network | null
  /** Where the client wrote it. */
  readonly pointer: string
}

const withoutTaps = (terms: readonly TermSpec[]): TermSpec[] =>
  terms.map((term) => {
    const { taps: _, ...rest } = term
    return rest as TermSpec
  })

/** The student's objective for another network: layers that it names are the student's. */
const inherited = (objective: Objective | undefined): Objective | undefined =>
  objective && {
    ...objective,
    ...(objective.terms ? { terms: withoutTaps(objective.terms) } : {}),
    ...(objective.stages
      ? {
          stages: objective.stages.map(
            (stage): StageSpec => ({
              ...stage,
              terms: withoutTaps(stage.terms),
            }),
          ),
        }
      : {}),
  }

/** The networks of a chain, in the order in which they are taught. */
export function placeAssistants(
  chain: ChainSpec | undefined,
  student: Network | null,
  scene: Resolving,
): PlacedAssistant[] {
  if (!chain) return []
  // The last generation is the student itself.
  if ('generations' in chain)
    return Array.from({ length: chain.generations - 1 }, () => ({
      spec: {},
      network: student,
      pointer: '/chain',
    }))
  return chain.map(({ architecture, ...spec }, index) => {
    const pointer = `/chain/${index}`
    return { spec, network: networkFor(architecture, pointer, scene), pointer }
  })
}

/** Where something is written that an assistant has of its own, or has from the student. */
function relocate({ spec, pointer }: PlacedAssistant, place: string): string {
  if (place.startsWith('/teacher')) return place
  if (place.startsWith('/training')) return spec.training ? `${pointer}${place}` : place
  return spec.objective ? `${pointer}${place}` : pointer
}

/**
 * How the assistants are taught. What is wrong with something that an assistant has from the student is told once.
 * @param teacher who teaches the first of them
 */
export function resolveChain(
  job: Pick<JobSpec, 'training' | 'objective'>,
  transfer: Pick<LearnerSource, 'labelledFraction' | 'rows'>,
  assistants: readonly PlacedAssistant[],
  teacher: Teaching,
  scene: Resolving,
): (Omit<Learner, 'network'> & { readonly network: Network | null })[] {
  const keyOf = ({ code, message }: SpecIssue, place: string): string =>
    [place, code, message].join(' ')
  // Issues of the student itself, wherever they stand, and of assistants, where they stand.
  const told = new Set(scene.issues.found.map((issue) => keyOf(issue, '')))
  return assistants.map((assistant, index) => {
    const { spec, network, pointer } = assistant
    const before = assistants[index - 1]
    const own = { issues: new IssueList(), notes: [] as string[] }
    const learner = resolveLearner(
      {
        network,
        training: spec.training ?? job.training,
        objective: spec.objective ?? inherited(job.objective),
        ...transfer,
      },
      before
        ? { network: before.network, isKnown: before.network !== null, pointer: before.pointer }
        : teacher,
      { ...scene, ...own },
    )
    for (const issue of own.issues.found) {
      const place = relocate(assistant, issue.pointer)
      const isInherited = place === pointer || place === issue.pointer
      if (isInherited && told.has(keyOf(issue, ''))) continue
      if (told.has(keyOf(issue, place))) continue
      told.add(keyOf(issue, place))
      scene.issues.found.push({ ...issue, pointer: place })
    }
    scene.notes.push(...own.notes.map((note) => `${pointer}${note}`))
    return { ...learner, network }
  })
}
