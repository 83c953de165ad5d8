/** The logits that the report of a job is made from. */
import {
  finalIsMeasured,
  foldCount,
  indexedKey,
  memberFold,
  taskKey,
  teacherKey,
} from '../src/domain/job-plan.ts'
import type { ResolvedJob } from '../src/domain/resolved-job.ts'
import type { Arm } from '../src/domain/words.ts'
import { indexOf, needFile, type Surroundings } from './earlier-files.ts'
import type { MeasuredLogits } from './trainer-contract.ts'

/** A network that is measured in every fold. */
interface Measured {
  readonly arm: Arm
  readonly index?: number
  readonly keyOf: (fold: number | null) => string
  /** The fold that it was trained for: null where one network serves all folds. */
  readonly trainedFor: (fold: number) => number | null
  /** It left logits of all rows, and not only of those that are held out. */
  readonly answersAll: boolean
  /** Trained along with another network, whose task left the logits. */
  readonly isPeer?: boolean
}

function measuredNetworks(job: ResolvedJob): Measured[] {
  const isPeer = job.teacher.kind === 'peer'
  const isFrozen = job.evaluation.teacherPerFold === 'frozen'
  const members = job.teacher.kind === 'ensemble' ? [...job.teacher.members.entries()] : []
  const learner = { trainedFor: (fold: number) => fold, answersAll: false }
  return [
    {
      arm: 'teacher',
      keyOf: (fold) => (isPeer ? taskKey('distilled', fold) : teacherKey(job, fold)),
      trainedFor: (fold) => (isFrozen ? null : fold),
      answersAll: true,
      isPeer,
    },
    ...members.map(
      ([index, member]): Measured => ({
        arm: 'member',
        index,
        keyOf: (fold) => indexedKey('member', index, fold),
        trainedFor: (fold) => memberFold(job, member, fold),
        answersAll: true,
      }),
    ),
    ...[...(job.chain?.keys() ?? [])].map(
      (index): Measured => ({
        ...learner,
        arm: 'assistant',
        index,
        keyOf: (fold) => indexedKey('assistant', index, fold),
      }),
    ),
    { ...learner, arm: 'distilled', keyOf: (fold) => taskKey('distilled', fold) },
    ...(job.evaluation.control
      ? [
          {
            ...learner,
            arm: 'control' as const,
            keyOf: (fold: number | null) => taskKey('control', fold),
          },
        ]
      : []),
  ]
}

/** Where the answers of a peer lie. No peer leaves those of held-out rows alone. */
const OF_PEER = {
  allLogits: 'peerLogits',
  testLogits: 'peerTestLogits',
  heldOutLogits: 'peerLogits',
} as const

/** See `MeasuredLogits` for what each covers. Logits go under the fold that their network was trained for. */
export function measuredLogits(job: ResolvedJob, surroundings: Surroundings): MeasuredLogits[] {
  const networks = measuredNetworks(job)
  const entry = (
    { arm, index, keyOf, isPeer }: Measured,
    fold: number | null,
    name: 'allLogits' | 'heldOutLogits' | 'testLogits',
    covers: MeasuredLogits['covers'],
  ): MeasuredLogits => ({
    arm,
    ...indexOf(index),
    fold,
    path: needFile(surroundings, keyOf(fold), isPeer ? OF_PEER[name] : name),
    covers,
  })
  const onOwnRows = (network: Measured, fold: number | null): MeasuredLogits =>
    network.answersAll
      ? entry(network, fold, 'allLogits', 'all')
      : entry(network, fold, 'heldOutLogits', 'held-out')
  const folds = [...Array(foldCount(job)).keys()]
  const shared = networks.filter((network) => network.trainedFor(0) === null)
  return [
    // Without folds the final teacher is the one whose lessons the report describes.
    ...(folds.length === 0 && job.testSet
      ? networks.filter(({ arm }) => arm === 'teacher').map((network) => onOwnRows(network, null))
      : []),
    ...(folds.length > 0 ? shared.map((network) => onOwnRows(network, null)) : []),
    ...folds.flatMap((fold) =>
      networks
        .filter((network) => network.trainedFor(fold) === fold)
        .map((network) => onOwnRows(network, fold)),
    ),
    ...(finalIsMeasured(job)
      ? networks.map((network) =>
          job.testSet ? entry(network, null, 'testLogits', 'test-set') : onOwnRows(network, null),
        )
      : []),
  ]
}
