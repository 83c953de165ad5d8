/** Methods on places: where a network looks, and where what it sees ends. */
import { Type } from 'typebox'
import type { MethodCard } from './method-card.ts'
import { choice, epsilon, partWeight, temperature } from './options.ts'

const COMMON = {
  variant: 'key-point',
  origin: 'published',
  taps: 'map',
  needsTeacher: true,
  needs: [],
  sameWidth: false,
  minimumBatch: 1,
  minimumClasses: 1,
} as const

export const KEY_POINT_METHODS = {
  'attention-transfer': {
    ...COMMON,
    title: 'Attention transfer, AT',
    summary: 'Look where the teacher looks.',
    formula: 'mean (Q_s − Q_t)², Q = A / ‖A‖, A = mean_k |F|^power at each position',
    convention: "Authors' code; form `paper` is mean_b ‖Q_s − Q_t‖, without β/2.",
    citation: 'Zagoruyko & Komodakis 2017, arXiv:1612.03928, equation 2',
    usualWeight: 1000,
    options: {
      power: Type.Number({
        minimum: 1,
        maximum: 16,
        default: 2,
        description: 'A larger one stresses the strongest positions.',
      }),
      form: choice(['code', 'paper'], 'code', 'Mean square, or mean length, of the difference.'),
    },
  },
  'key-points': {
    ...COMMON,
    origin: 'own',
    title: 'Feature points and edge points',
    summary: "Match heat maps around the peaks and the edges of the teacher's attention.",
    formula:
      'α_f · mean (softmax(Q_s / T) − H_f / Σ H_f)² + α_e · mean (E_s / max E_s − H_e)², H bells around the points of Q_t',
    convention: 'Mean over positions, then over rows; a row without points counts as 0.',
    citation: 'Own construction; related: arXiv:1811.05419, arXiv:1612.03928, arXiv:2306.08075',
    usualWeight: null,
    options: {
      topK: Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 8,
        description: 'Points of each kind that are taken at most.',
      }),
      spread: Type.Number({
        minimum: 0.01,
        maximum: 1000,
        default: 1,
        description: 'Standard deviation of the bells, in positions.',
      }),
      temperature: temperature(0.1, "Of the softmax of the student's attention."),
      alphaFeature: partWeight(1, 'α_f, of the feature points.'),
      alphaEdge: partWeight(1, 'α_e, of the edge points.'),
      eps: epsilon(1e-12, 'Squared edge strength that counts as none.'),
    },
  },
  'channel-wise': {
    ...COMMON,
    title: 'Channel-wise distillation, CWD',
    summary: 'Match each channel as a distribution over positions.',
    formula: 'T² · mean_{b,k} KL(softmax_i(F_t / T) ‖ softmax_i(F_s / T)), i over positions',
    convention: 'Paper and code agree.',
    citation: 'Shu et al. 2021, arXiv:2011.13256',
    sameWidth: true,
    usualWeight: 50,
    options: { temperature: temperature(4, 'Divides the activations of both.') },
  },
  'class-attention': {
    ...COMMON,
    title: 'Class attention transfer, CAT-KD',
    summary: 'Match where the evidence for each class is.',
    formula: 'mean (N_s − N_t)², N = class activation maps, pooled and of length 1',
    convention: "Mean over all entries (authors' code); the paper is resolution² times as much.",
    citation: 'Guo et al. 2023, arXiv:2304.12777',
    taps: 'class-maps',
    sameWidth: true,
    minimumClasses: 2,
    usualWeight: null,
    options: {
      resolution: Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 2,
        description: 'Height and width that maps are pooled to.',
      }),
      normalize: Type.Boolean({
        default: true,
        description: 'Bring the map of each class to length 1.',
      }),
    },
  },
} as const satisfies Record<string, MethodCard>
