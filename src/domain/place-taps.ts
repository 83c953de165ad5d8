/** Chooses and checks which layers the terms of an objective compare. */
import type { TermPointer } from './check-objective.ts'
import type { IssueList } from './issue-list.ts'
import {
  cardOf,
  JOB_METHODS,
  type Method,
  readsFeatures,
  readsSeveralLayers,
} from './methods/job-methods.ts'
import type { MethodCard } from './methods/method-card.ts'
import { projectorOf, projectorSize } from './methods/projector.ts'
import { type Network, showShape } from './network.ts'
import type { ResolvedTerm, Taps } from './objective.ts'
import { defaultLists, placeLists } from './place-tap-lists.ts'
import {
  FEWEST_POSITIONS,
  hasPlaces,
  lastFeatures,
  positionsOf,
  type TapPoint,
  tapPoints,
} from './tap-points.ts'

interface Pair {
  readonly student: TapPoint
  readonly teacher: TapPoint
}

const MOST_SHOWN = 40

/** Whether one of two points can be read by a method at all. */
function isLegal({ taps, reads }: MethodCard, point: TapPoint): boolean {
  if (reads === 'responses' && !point.isResponse) return false
  switch (taps) {
    case 'map':
      return hasPlaces(point)
    case 'vector':
      return point.shape.length === 1
    case 'class-maps':
      return point.isAveraged && positionsOf(point.shape) >= FEWEST_POSITIONS
    default:
      return true
  }
}

/** Whether a pair of legal points can be compared, by a projector where widths differ. */
function fits({ taps, sameWidth }: MethodCard, { student, teacher }: Pair): boolean {
  if (taps === 'map') {
    const [height = 1, width = 1] = student.shape.map((side, axis) =>
      Math.min(side, teacher.shape[axis] ?? 1),
    )
    return height * width >= FEWEST_POSITIONS
  }
  if (!sameWidth || taps === 'class-maps') return true
  if (student.shape.length !== teacher.shape.length) return false
  // Maps are pooled to the same size; sequences are not.
  return student.shape.length !== 2 || student.shape[0] === teacher.shape[0]
}

const legalPairs = (card: MethodCard, student: Network, teacher: Network): Pair[] => {
  const [ours, theirs] = [student, teacher].map((network) =>
    tapPoints(network).filter((point) => isLegal(card, point)),
  ) as [TapPoint[], TapPoint[]]
  return ours.flatMap((one) =>
    theirs.map((other) => ({ student: one, teacher: other })).filter((pair) => fits(card, pair)),
  )
}

/** How well a point stands for its network: the features before the logits, then what comes late. */
function rank(network: Network, card: MethodCard): (point: TapPoint) => number {
  const features = lastFeatures(network)
  const order = new Map(tapPoints(network).map(({ name }, position) => [name, position]))
  const logits = network.layers.at(-1)?.name
  return ({ name, shape }) => {
    if (card.taps !== 'map' && name === features) return Number.POSITIVE_INFINITY
    if (name === logits) return -2
    return shape.length === 2 ? -1 : (order.get(name) ?? 0)
  }
}

/** The pair that a term compares where its client names none, out of those that are left. */
function bestPair(pairs: readonly Pair[], card: MethodCard, student: Network, teacher: Network) {
  const [ours, theirs] = [rank(student, card), rank(teacher, card)]
  const compare = (a: Pair, b: Pair): number => {
    const own = [ours(a.student), ours(b.student)] as const
    const other = [theirs(a.teacher), theirs(b.teacher)] as const
    if (own[0] !== own[1]) return own[0] > own[1] ? -1 : 1
    return other[0] === other[1] ? 0 : other[0] > other[1] ? -1 : 1
  }
  return pairs.toSorted(compare)[0]
}

const showPair = ({ student, teacher }: Pair): string =>
  `student ${student.name} ${showShape(student.shape)}, teacher ${teacher.name} ${showShape(teacher.shape)}`

const WANTED = {
  'two-maps': 'two feature maps [height, width, channels] of more than one position',
  stages: 'feature maps [height, width, channels] of more than one position',
  map: 'feature maps [height, width, channels] of more than one position',
  vector: 'outputs [units]',
  'class-maps':
    'feature maps of more than one position, whose mean (globalAveragePooling2d) a dense layer turns into logits,',
  any: 'outputs of layers of the same kind',
} as const

function wanted({ taps, reads }: MethodCard): string {
  const what = taps in WANTED ? WANTED[taps as keyof typeof WANTED] : WANTED.any
  return reads === 'responses' ? `${what}, right before an activation` : what
}

const showPoints = (points: readonly TapPoint[]): string =>
  points.map(({ name, shape }) => `${name} ${showShape(shape)}`).join(' and ')

function noteOn(
  term: ResolvedTerm,
  student: readonly TapPoint[],
  teacher: readonly TapPoint[],
): string {
  const [own, other] = [student, teacher].map((points) => points.map(({ shape }) => shape))
  const count = projectorSize(projectorOf(term, own ?? [], other ?? []))
  const projector =
    count > 0 ? `, through a projector of ${count} trained weights, which is not delivered` : ''
  return `compares ${showPoints(student)} of the student with ${showPoints(teacher)} of the teacher${projector}`
}

/** The methods that find something to compare in two networks. */
const methodsFor = (student: Network, teacher: Network): Method[] =>
  JOB_METHODS.filter((method) => {
    if (!readsFeatures(method)) return false
    return readsSeveralLayers(method)
      ? defaultLists(method, student, teacher) !== null
      : legalPairs(cardOf(method), student, teacher).length > 0
  })

export interface TapContext {
  /** Null: there is none, for a reason that was told already. */
  readonly student: Network | null
  /** Null: the teacher is no network, or there is none. */
  readonly teacher: Network | null
  readonly isTeacherKnown: boolean
  /** Where the client wrote the teacher. */
  readonly teacherPointer?: string
  readonly pointerOf: TermPointer
}

function placeTerm<Term extends ResolvedTerm>(
  term: Term,
  pointerOf: (field?: string) => string,
  student: Network,
  teacher: Network,
  issues: IssueList,
  notes: string[],
): Term {
  const { method } = term
  const asked: Partial<Taps> = term.taps ?? {}
  const card = cardOf(method)
  const refuse = (): Term => {
    issues.add(
      pointerOf('/method'),
      'no-taps',
      `${method} compares ${wanted(card)}, and these two networks have no such pair`,
      methodsFor(student, teacher),
    )
    return term
  }
  if (readsSeveralLayers(method)) {
    const byDefault = defaultLists(method, student, teacher)
    if (!byDefault) return refuse()
    const lists = placeLists(method, asked, { student, teacher }, byDefault, pointerOf, issues)
    if (!lists) return term
    notes.push(`${pointerOf('/taps')}: ${noteOn(term, lists.student, lists.teacher)}`)
    const namesOf = (points: readonly TapPoint[]): string[] => points.map(({ name }) => name)
    return { ...term, taps: { student: namesOf(lists.student), teacher: namesOf(lists.teacher) } }
  }
  const all = legalPairs(card, student, teacher)
  if (all.length === 0) return refuse()
  for (const [role, network] of [
    ['student', student],
    ['teacher', teacher],
  ] as const) {
    const name = asked[role]
    if (name === undefined || all.some((pair) => pair[role].name === name)) continue
    const found = tapPoints(network).find((point) => point.name === name)
    issues.add(
      pointerOf(`/taps/${role}`),
      found ? 'tap-does-not-fit' : 'unknown-layer',
      found
        ? `${method} compares ${wanted(card)}; ${name} of the ${role} gives ${showShape(found.shape)}`
        : `the ${role} has no layer called ${name}`,
      [...new Set(all.map((pair) => pair[role].name))],
    )
    return term
  }
  const left = all.filter(
    (pair) =>
      (asked.student ?? pair.student.name) === pair.student.name &&
      (asked.teacher ?? pair.teacher.name) === pair.teacher.name,
  )
  const pair = bestPair(left, card, student, teacher)
  if (!pair) {
    issues.add(
      pointerOf('/taps'),
      'taps-do-not-fit',
      `${method} cannot compare ${asked.student} of the student with ${asked.teacher} of the teacher`,
      all.slice(0, MOST_SHOWN).map(showPair),
    )
    return term
  }
  notes.push(`${pointerOf('/taps')}: ${noteOn(term, [pair.student], [pair.teacher])}`)
  return { ...term, taps: { student: pair.student.name, teacher: pair.teacher.name } }
}

/** Terms with taps where their methods read features. */
export const placeTaps = (
  objective: readonly ResolvedTerm[],
  { student, teacher, isTeacherKnown, teacherPointer = '/teacher/model', pointerOf }: TapContext,
  issues: IssueList,
  notes: string[],
): ResolvedTerm[] =>
  objective.map((term, index) => {
    if (!readsFeatures(term.method)) return term
    if (!teacher && isTeacherKnown)
      issues.add(
        teacherPointer,
        'teacher-not-a-network',
        `${term.method} compares outputs of layers, which this teacher does not give: use a teacher that is trained in the job, or a stored network; or only terms that compare logits`,
      )
    return student && teacher
      ? placeTerm(term, (field) => pointerOf(index, field), student, teacher, issues, notes)
      : term
  })
