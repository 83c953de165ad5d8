/** Methods on logits: hard and soft labels, and what became of them. */
import { Type } from 'typebox'
import type { MethodCard } from './method-card.ts'
import { epsilon, partWeight, temperature } from './options.ts'

const COMMON = {
  variant: 'category',
  origin: 'published',
  taps: 'logits',
  needsTeacher: true,
  needs: [],
  sameWidth: true,
  minimumBatch: 1,
  minimumClasses: 2,
  usualWeight: 1,
} as const

export const CATEGORY_METHODS = {
  'hard-labels': {
    ...COMMON,
    title: 'Cross-entropy',
    summary: 'Cross-entropy with the labels of the dataset.',
    formula: 'mean_b (logsumexp z_b − z_b,y)',
    convention: 'Mean over the rows whose label is known.',
    citation: 'Standard',
    needsTeacher: false,
    needs: ['labels'],
    options: {
      labelSmoothing: Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0,
        description: 'Share of the target that is spread over all classes evenly.',
      }),
    },
  },
  'soft-targets': {
    ...COMMON,
    title: 'Soft targets, KD',
    summary: "Match the teacher's class probabilities, softened by a temperature.",
    formula: 'T² · mean_b KL(softmax(v / T) ‖ softmax(z / T))',
    convention: 'Summed over classes, averaged over rows, T² included.',
    citation: 'Hinton, Vinyals & Dean 2015, arXiv:1503.02531, section 2',
    usualWeight: 0.9,
    options: { temperature: temperature(4, 'Divides the logits of both; usual range 1 to 20.') },
  },
  'logit-mse': {
    ...COMMON,
    title: 'Logit regression',
    summary: "Match the teacher's logits; the limit of soft-targets for a high temperature.",
    formula: '1/2 · mean_{b,c} (z − v)²',
    convention:
      'Half the mean over rows and classes. The paper sums over classes (`classes` times as much); a plain mean squared error is twice as much.',
    citation: 'Ba & Caruana 2014, arXiv:1312.6184; Kim et al. 2021, arXiv:2105.08919',
    options: {
      center: Type.Boolean({
        default: false,
        description: 'Take the mean of each row away first, as a softmax would.',
      }),
    },
  },
  decoupled: {
    ...COMMON,
    title: 'Decoupled knowledge distillation, DKD',
    summary: 'The label against the rest, and the rest among itself, with weights of their own.',
    formula:
      'α · TCKD + β · NCKD, each T² · mean_b KL: of (p_y, 1 − p_y), and of the softmax over the classes other than y',
    convention: 'The label is removed exactly; the authors subtract 1000 from its logit.',
    citation: 'Zhao et al. 2022, arXiv:2203.08679, equation 7',
    needs: ['labels'],
    minimumClasses: 3,
    options: {
      alpha: partWeight(1, 'Weight of the label against the rest.'),
      beta: partWeight(8, 'Weight of the other classes among themselves; 2 to 8 in the paper.'),
      temperature: temperature(4, 'Divides the logits of both.'),
    },
  },
  dist: {
    ...COMMON,
    title: 'DIST',
    summary: 'Match correlations of probabilities, over classes and over rows, not their values.',
    formula: 'β T² · mean_b (1 − ρ of rows) + γ T² · mean_c (1 − ρ of columns), ρ Pearson’s',
    convention: "T² as in the authors' code (none in the paper, where T is 1).",
    citation: 'Huang et al. 2022, arXiv:2205.10536',
    minimumBatch: 3,
    usualWeight: 2,
    options: {
      beta: partWeight(1, 'Weight of the correlation over the classes of a row.'),
      gamma: partWeight(1, 'Weight of the correlation over the rows of a class.'),
      temperature: temperature(1, 'Divides the logits of both; 4 for CIFAR-100.'),
      eps: epsilon(1e-8, 'Added to the product of lengths in ρ.'),
    },
  },
  'logit-standardization': {
    ...COMMON,
    title: 'Logit standardization, LS-KD',
    summary: 'Soft targets of logits brought to mean 0 and standard deviation 1 in each row.',
    formula: 'soft-targets of (z − mean z) / (eps + sd z) and (v − mean v) / (eps + sd v)',
    convention: "Standard deviation with the divisor classes − 1, T² included: authors' code.",
    citation: 'Sun et al. 2024, arXiv:2403.01427',
    usualWeight: 9,
    options: {
      temperature: temperature(2, 'Divides the standardized logits.'),
      eps: epsilon(1e-7, 'Added to the standard deviation.'),
    },
  },
  'virtual-teacher': {
    ...COMMON,
    title: 'Virtual teacher, Tf-KD',
    summary: 'A made-up teacher that is right with a given confidence: a control for soft labels.',
    formula:
      'mean_b KL(q ‖ softmax(z / T_s)), q = softmax(u / T_t) or u, u = a for the label and (1 − a) / (classes − 1) else',
    convention: "As the authors' code without its 1 / classes; no T². T_t null: label smoothing.",
    citation: 'Yuan et al. 2020, arXiv:1909.11723',
    needsTeacher: false,
    needs: ['labels'],
    options: {
      correct: Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        default: 0.99,
        description: 'a, the confidence in the label.',
      }),
      teacherTemperature: Type.Union([Type.Number({ minimum: 0.01, maximum: 1000 }), Type.Null()], {
        default: 20,
        description: 'T_t; null leaves the probabilities as they are.',
      }),
      studentTemperature: temperature(1, 'T_s.'),
    },
  },
  mutual: {
    ...COMMON,
    title: 'Deep mutual learning, DML',
    summary: 'Students that learn together match the mean of their divergences from each other.',
    formula: 'mean over peers of mean_b KL(softmax(z_peer) ‖ softmax(z))',
    convention: 'T = 1; mean over peers.',
    citation: 'Zhang et al. 2018, arXiv:1706.00384, section 3',
    needsTeacher: false,
    needs: ['peers'],
    options: {},
  },
} as const satisfies Record<string, MethodCard>
