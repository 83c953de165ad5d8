/** A training in parts, each with an objective of its own: weights are carried over, the optimizer begins anew. */
import type { Stage } from '../../src/domain/objective.ts'
import type { SuggestedWeight } from '../trainer-contract.ts'
import { suggestWeights, withSuggested } from './suggest-weights.ts'
import { type Trained, type TrainingHooks, train } from './train.ts'
import type { TrainingInput } from './training-input.ts'

type OfTerms = Pick<TrainingInput, 'teacher' | 'projectors' | 'constants' | 'memories'>

/** Several trainings as one. */
function together(parts: readonly Trained[]): Trained {
  const last = parts.at(-1) as Trained
  const sum = (of: (part: Trained) => number): number =>
    parts.reduce((total, part) => total + of(part), 0)
  const seconds = sum((part) => part.seconds)
  const epochs = sum((part) => part.validation?.epochs ?? 0)
  return {
    weights: last.weights,
    steps: sum((part) => part.steps),
    seconds,
    execution: {
      ...last.execution,
      reason: parts.find(({ execution }) => execution.reason !== null)?.execution.reason ?? null,
      isFallback: parts.some(({ execution }) => execution.isFallback),
      samplesPerSecond:
        sum((part) => part.execution.samplesPerSecond * part.seconds) / Math.max(seconds, 1e-9),
    },
    validation: last.validation && { ...last.validation, epochs, takenEpoch: epochs },
  }
}

/**
 * Trains stage after stage. Batch order and dropout go on through all of them, so that a control without stages sees
 * the same rows in the same order.
 * @param input   of the whole; its objective and number of epochs are those of all stages
 * @param termsOf what the terms of a stage need
 * @param suggestionSteps batches by which the weights of each stage are made comparable; null: they stay as given
 * @throws what `train` throws
 */
export async function trainInStages(
  input: TrainingInput,
  stages: readonly Stage[],
  termsOf: (stage: Stage, index: number) => Promise<OfTerms | null>,
  hooks: TrainingHooks,
  signal: AbortSignal,
  suggestionSteps: number | null = null,
): Promise<Trained> {
  const parts: Trained[] = []
  const suggestedWeights: SuggestedWeight[][] = []
  let epochsBefore = 0
  for (const [index, stage] of stages.entries()) {
    const { epochs, objective } = stage
    const given: TrainingInput = {
      ...input,
      ...(await termsOf(stage, index)),
      objective,
      training: { ...input.training, epochs },
      initialWeights: parts.at(-1)?.weights ?? input.initialWeights,
      partOf: { epochsBefore, epochsInAll: input.training.epochs },
    }
    signal.throwIfAborted()
    const suggested = suggestionSteps === null ? null : suggestWeights(given, suggestionSteps)
    if (suggested) suggestedWeights.push(suggested)
    const chosen = suggested ? withSuggested(objective, suggested) : objective
    parts.push(await train({ ...given, objective: chosen }, hooks, signal))
    epochsBefore += epochs
  }
  return { ...together(parts), ...(suggestionSteps === null ? {} : { suggestedWeights }) }
}
