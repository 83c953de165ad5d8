/** Chooses and checks the layers of terms that compare several of each network. */
import type { IssueList } from './issue-list.ts'
import { cardOf, type Method } from './methods/job-methods.ts'
import { type Network, showShape } from './network.ts'
import { type Taps, tapNames } from './objective.ts'
import { hasPlaces, mapPoints, stageEnds, type TapPoint, tapPoints } from './tap-points.ts'

type Role = 'student' | 'teacher'
type Several = Readonly<Record<Role, readonly TapPoint[]>>

/** Of the stages of a network, where a client names none. */
const MOST_STAGES = 4

/** Without what a layer gives before its own activation, which is read only where it is named. */
const layersOf = (network: Network): TapPoint[] =>
  mapPoints(network).filter((point) => network.layers.some(({ name }) => name === point.name))

/** Where the first and the last stage end; in a network of one stage, where it begins and ends. */
function ownFlow(network: Network): TapPoint[] {
  const lists = [stageEnds(network), layersOf(network), mapPoints(network)]
  const points = lists.find((list) => list.length >= 2)
  return points ? [points[0] as TapPoint, points.at(-1) as TapPoint] : []
}

/** The last `count` stages, or all. */
const lastStages = (network: Network, count: number): TapPoint[] => stageEnds(network).slice(-count)

/** What a term compares where its client names nothing; null: these networks have too few maps. */
export function defaultLists(method: Method, student: Network, teacher: Network): Several | null {
  if (cardOf(method).taps === 'two-maps') {
    const flows = { student: ownFlow(student), teacher: ownFlow(teacher) }
    return flows.student.length > 0 && flows.teacher.length > 0 ? flows : null
  }
  const counts = [student, teacher].map((network) => stageEnds(network).length)
  const count = Math.min(MOST_STAGES, ...counts)
  if (count === 0) return null
  return { student: lastStages(student, count), teacher: lastStages(teacher, count) }
}

/** @returns null where something is wrong with the names */
function pointsOf(
  names: readonly string[],
  role: Role,
  network: Network,
  method: Method,
  pointerOf: (field: string) => string,
  issues: IssueList,
): TapPoint[] | null {
  const maps = mapPoints(network)
  const legal = maps.map(({ name }) => name)
  for (const [index, name] of names.entries()) {
    const found = tapPoints(network).find((point) => point.name === name)
    if (found && hasPlaces(found)) continue
    issues.add(
      pointerOf(`/taps/${role}/${index}`),
      found ? 'tap-does-not-fit' : 'unknown-layer',
      found
        ? `${method} compares feature maps [height, width, channels] of more than one position; ${name} of the ${role} gives ${showShape(found.shape)}`
        : `the ${role} has no layer called ${name}`,
      legal,
    )
    return null
  }
  const places = names.map((name) => legal.indexOf(name))
  if (places.some((place, index) => index > 0 && place <= (places[index - 1] as number))) {
    issues.add(
      pointerOf(`/taps/${role}`),
      'taps-not-in-order',
      `${method} reads layers in the order in which they come in the ${role}, each once`,
      legal,
    )
    return null
  }
  return places.map((place) => maps[place] as TapPoint)
}

/**
 * The layers of a term that reads several, those of its client where it names them.
 * @param byDefault of {@link defaultLists}
 * @returns null where something is wrong with the names, which was then told
 */
export function placeLists(
  method: Method,
  asked: Partial<Taps>,
  networks: Readonly<Record<Role, Network>>,
  byDefault: Several,
  pointerOf: (field: string) => string,
  issues: IssueList,
): Several | null {
  const given = (role: Role): TapPoint[] | null | undefined => {
    const names = asked[role]
    if (names === undefined) return undefined
    return pointsOf(tapNames(names), role, networks[role], method, pointerOf, issues)
  }
  const [student, teacher] = [given('student'), given('teacher')]
  if (student === null || teacher === null) return null
  const fill = (role: Role, other: readonly TapPoint[] | undefined): readonly TapPoint[] =>
    other && cardOf(method).taps === 'stages'
      ? lastStages(networks[role], other.length)
      : byDefault[role]
  const lists = {
    student: student ?? fill('student', teacher),
    teacher: teacher ?? fill('teacher', student),
  }
  if (lists.student.length === lists.teacher.length) return lists
  const missing = student ? 'teacher' : 'student'
  issues.add(
    pointerOf(student && teacher ? '/taps' : `/taps/${missing}`),
    'taps-do-not-fit',
    `${method} compares as many layers of the student as of the teacher, not ${lists.student.length} with ${lists.teacher.length}; name as many of the ${missing}`,
    mapPoints(networks[missing]).map(({ name }) => name),
  )
  return null
}
