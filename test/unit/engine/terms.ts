/** One term of a method, on two small networks, with everything that it needs. */

import { IssueList } from '../../../src/domain/issue-list.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import {
  JOB_METHODS,
  type Method,
  readsFeatures,
  readsSeveralLayers,
} from '../../../src/domain/methods/job-methods.ts'
import type { Network } from '../../../src/domain/network.ts'
import {
  type ResolvedTerm,
  resolveObjective,
  type TermSpec,
} from '../../../src/domain/objective.ts'
import { placeMemories } from '../../../src/domain/place-memories.ts'
import { placeTaps } from '../../../src/domain/place-taps.ts'
import { initializeMemories } from '../../../workers/engine/losses/term-memories.ts'
import { initializeProjectors } from '../../../workers/engine/losses/term-weights.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { termConstants } from '../../../workers/engine/term-constants.ts'
import type { TeacherNetwork, TrainingInput } from '../../../workers/engine/training-input.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import { BATCH, data, inputOf, rows, SHAPE } from './step-outcomes.ts'
import { networkOf } from './support.ts'

/** Maps, a vector and responses before activations. A bias before a normalization would have no gradient but rounding. */
const layers = (filters: number, units: number): LayerSpec[] => [
  { type: 'conv2d', name: 'conv1', filters, kernelSize: 2, activation: 'tanh' },
  {
    type: 'conv2d',
    name: 'conv2',
    filters: filters + 1,
    kernelSize: 3,
    padding: 'same',
    useBias: false,
  },
  { type: 'batchNormalization', name: 'norm' },
  { type: 'activation', name: 'on', activation: 'relu' },
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'features', units, activation: 'tanh' },
  { type: 'dense', name: 'logits', units: 3 },
]
export const student = networkOf(SHAPE, layers(2, 5))
const teacherNetwork = networkOf(SHAPE, layers(4, 7))
export const teacher: TeacherNetwork = {
  network: teacherNetwork,
  weights: initialize(teacherNetwork, 11),
  normalization: fitNormalization(data, rows),
}

/** Ends in a mean over positions. */
const averaging = (filters: number): LayerSpec[] => [
  { type: 'conv2d', name: 'conv1', filters, kernelSize: 2, activation: 'tanh' },
  { type: 'conv2d', name: 'conv2', filters: filters + 1, kernelSize: 2, activation: 'relu' },
  { type: 'globalAveragePooling2d', name: 'mean' },
  { type: 'dense', name: 'logits', units: 3 },
]
/** Maps of 4 × 4, 2 × 2 and 2 × 1. */
const staged = (filters: number): LayerSpec[] => [
  { type: 'conv2d', name: 'conv1', filters, kernelSize: 2, activation: 'tanh' },
  { type: 'maxPooling2d', name: 'pool', poolSize: 2 },
  { type: 'conv2d', name: 'conv2', filters: filters + 1, kernelSize: 3, padding: 'same' },
  { type: 'averagePooling2d', name: 'rows', poolSize: [1, 2] },
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'logits', units: 3 },
]
/** What most methods are tried on, and what suits those that ask for more. */
export function networksFor(method: Method): { student: Network; teacher: Network } {
  const both = (layersOf: (filters: number) => LayerSpec[]) => ({
    student: networkOf(SHAPE, layersOf(3)),
    teacher: networkOf(SHAPE, layersOf(5)),
  })
  if (method === 'class-attention') return both(averaging)
  return readsSeveralLayers(method) ? both(staged) : { student, teacher: teacherNetwork }
}

/** A term of a method and hard labels, with everything that they need. */
export async function inputFor(
  method: Method,
  weights: (terms: readonly ResolvedTerm[]) => readonly ResolvedTerm[] = (terms) => terms,
  changes: Partial<TrainingInput> = {},
): Promise<TrainingInput> {
  const networks = networksFor(method)
  return taughtInput(weights(placed([method, 'hard-labels'], networks)), {
    network: networks.student,
    initialWeights: initialize(networks.student, 1),
    teacher: {
      ...teacher,
      network: networks.teacher,
      weights: initialize(networks.teacher, 11),
    },
    ...changes,
  })
}

/** Terms with default options and taps. */
export function placed(
  terms: readonly (Method | TermSpec)[],
  networks: { student: Network; teacher: Network } = { student, teacher: teacherNetwork },
): ResolvedTerm[] {
  const issues = new IssueList()
  const given = terms.map((term) =>
    typeof term === 'string' ? ({ method: term } as TermSpec) : term,
  )
  const objective = placeTaps(
    resolveObjective({ terms: given }),
    { ...networks, isTeacherKnown: true, pointerOf: (index) => `/${index}` },
    issues,
    [],
  )
  const circumstances = {
    trainedRows: rows.length,
    rows: data.count,
    training: { batchSize: BATCH, augmentation: null },
    pointerOf: (index: number) => `/${index}`,
  }
  const withMemories = placeMemories(objective, circumstances, issues, [])
  if (issues.found.length > 0) throw new Error(JSON.stringify(issues.found))
  return withMemories
}

export async function taughtInput(
  objective: readonly ResolvedTerm[],
  changes: Partial<TrainingInput> = {},
  spec: Parameters<typeof inputOf>[1] = {},
): Promise<TrainingInput> {
  const input = inputOf(
    { network: student, objective, teacherLogits: null, teacher, ...changes },
    spec,
  )
  const by = input.teacher ?? teacher
  return {
    ...input,
    projectors: initializeProjectors(objective, input.network, by.network, 5),
    memories: initializeMemories(objective, input.rows.length, 6),
    constants: await termConstants(objective, by, input, new AbortController().signal),
  }
}

export const FEATURE_METHODS = JOB_METHODS.filter(readsFeatures)
