/** Methods around prototypes: the mean of the teacher's outputs for each class, over training rows. */
import { Type } from 'typebox'
import type { MethodCard } from './method-card.ts'

const COMMON = {
  variant: 'prototypical',
  taps: 'vector',
  needsTeacher: true,
  sameWidth: true,
  minimumBatch: 1,
  minimumClasses: 2,
} as const

export const PROTOTYPICAL_METHODS = {
  'prototype-direction': {
    ...COMMON,
    origin: 'published',
    title: 'Norm and direction, KD++',
    summary: "Point to the prototype of the class, and be as long as the teacher's feature.",
    formula: 'mean_b [1 − ⟨f_s, p_y / ‖p_y‖⟩ / max(‖f_s‖, ‖f_t‖)]',
    convention: "Mean over rows (authors' code); the paper averages over each class first.",
    citation: 'Wang et al. 2023, arXiv:2305.17007',
    needs: ['labels', 'prototypes'],
    usualWeight: 2,
    options: {},
  },
  'prototype-relational': {
    ...COMMON,
    origin: 'own',
    title: 'Relation to the prototypes',
    summary: 'Match how near each prototype is, as a distribution over classes.',
    formula: 'mean_b KL(softmax_c(−‖f_t − p_c‖² / τ) ‖ softmax_c(−‖f_s − p_c‖² / τ))',
    convention: 'Squared distances; no factor τ².',
    citation: 'Own construction; the distribution: Snell et al. 2017, arXiv:1703.05175, equation 2',
    needs: ['prototypes'],
    usualWeight: null,
    options: {
      tau: Type.Number({
        minimum: 1e-6,
        maximum: 1e9,
        default: 1,
        description: 'τ, in squared units of the features.',
      }),
    },
  },
  'prototype-reconstruction': {
    ...COMMON,
    origin: 'own',
    title: 'Reconstruction around prototypes',
    summary: "Give back the teacher's output, drawn towards the prototype of the class.",
    formula: 'mean (g(f_s) − [λ p_y + (1 − λ) z_t])²',
    convention: 'Mean over rows with a label and over the width.',
    citation: 'Own construction',
    needs: ['labels', 'prototypes', 'encoders'],
    usualWeight: null,
    options: {
      lambda: Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: "λ: 0 is the teacher's output, 1 the prototype.",
      }),
    },
  },
} as const satisfies Record<string, MethodCard>
