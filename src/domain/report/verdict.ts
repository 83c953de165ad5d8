/** The answer of the report: is the student better for its teacher? */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'
import { NullableInterval, NullableNumber } from './interval.ts'

export const OUTCOMES = [
  'distilled-better',
  'control-better',
  'no-significant-difference',
  'not-tested',
  'no-control',
] as const

export const Verdict = Type.Object(
  {
    outcome: Type.Enum([...OUTCOMES], {
      description:
        'By the test below; not-tested: no test applies, such as equal differences in all folds.',
    }),
    metric: Type.Literal('accuracy'),
    test: Type.Union([Type.Enum(['corrected-resampled-t', 'exact-mcnemar']), Type.Null()], {
      description: 'Of folds the corrected resampled t, of one held-out part or test set McNemar.',
    }),
    p: NullableNumber('Of the test, not adjusted: this comparison was the one to make.'),
    mcnemarP: NullableNumber('Exact McNemar on all held-out predictions.'),
    gain: NullableNumber('Accuracy of distilled minus control, -1 to 1.'),
    gainInterval: NullableInterval('Of the gain.'),
    loss: NullableNumber('Accuracy of distilled minus teacher, -1 to 1.'),
    lossInterval: NullableInterval('Of the loss.'),
    gapClosed: NullableNumber(
      'gain / (accuracy of teacher minus control); null where that difference is not significantly above 0.',
    ),
    generalises: Type.Boolean({
      description: 'False where a stamp says that the teacher may have seen held-out rows.',
    }),
    sentence: Type.String({ description: 'All this in words.' }),
  },
  { ...strict },
)
export type Verdict = Static<typeof Verdict>
