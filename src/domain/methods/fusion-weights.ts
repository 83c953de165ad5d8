/**
 * What knowledge review trains: for each stage of the student a module that fuses it with the deeper ones by attention and
 * widens it to the channels of the teacher (Chen et al. 2021, arXiv:2104.09044, section 3.3).
 */
import type { Shape } from '../network.ts'
import type { ProjectorWeight } from './projector-weight.ts'

/** Channels in which stages are fused, at most (authors' code). */
const MOST_CHANNELS = 512
/** Height and width of the kernel that widens. */
const WINDOW = 3

/** How the weights of a stage, counted from the earliest one, are called. */
export const stagePlace = (stage: number): string => `stage-${stage}/`

/** Of a convolution without bias and the normalization after it. */
const normalized = (name: string, shape: Shape): ProjectorWeight[] => [
  { name: `${name}-kernel`, shape, start: 'glorot' },
  { name: `${name}-gamma`, shape: [shape.at(-1) ?? 1], start: 'ones' },
  { name: `${name}-beta`, shape: [shape.at(-1) ?? 1], start: 'zeros' },
]

/**
 * @param student shapes of its maps, the earliest first
 * @param teacher likewise, as many
 */
export function fusionWeights(
  student: readonly Shape[],
  teacher: readonly Shape[],
): ProjectorWeight[] {
  const between = Math.min(MOST_CHANNELS, student.at(-1)?.at(-1) ?? 1)
  return student.flatMap((own, stage) => {
    const place = stagePlace(stage)
    const [from, to] = [own.at(-1) ?? 1, teacher[stage]?.at(-1) ?? 1]
    const isDeepest = stage === student.length - 1
    return [
      ...normalized(`${place}reduce`, [from, between]),
      ...(isDeepest
        ? []
        : ([
            { name: `${place}attention-kernel`, shape: [2 * between, 2], start: 'glorot' },
            { name: `${place}attention-bias`, shape: [2], start: 'zeros' },
          ] as const)),
      ...normalized(`${place}expand`, [WINDOW, WINDOW, between, to]),
    ]
  })
}
