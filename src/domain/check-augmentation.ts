/** Whether rows can be changed as a training asks for. */
import { resolveAugmentation } from './augmentation.ts'
import type { IssueList } from './issue-list.ts'
import type { Network, Shape } from './network.ts'
import { fewestTokens } from './tokens.ts'
import type { TrainingSpec } from './training.ts'

/** @param pointer of the augmentation */
export function checkAugmentation(
  spec: TrainingSpec | undefined,
  inputShape: Shape,
  pointer: string,
  issues: IssueList,
): void {
  const { shift, flip } = spec?.augmentation ?? {}
  const [height, width, channels] = inputShape
  if (height === undefined || width === undefined || channels === undefined) {
    for (const [name, value] of Object.entries({ shift, flip }))
      if (value)
        issues.add(
          `${pointer}/${name}`,
          'option-not-applicable',
          `\`${name}\` needs images of [height, width, channels], but a row has the shape [${inputShape.join(', ')}]`,
        )
    return
  }
  if (!shift) return
  if ((shift.pixels === undefined) === (shift.fraction === undefined)) {
    issues.add(`${pointer}/shift`, 'exactly-one', 'give either `pixels` or `fraction`')
    return
  }
  const { rows = 0, columns = 0 } = resolveAugmentation({ shift }, inputShape)?.shift ?? {}
  if (rows >= height || columns >= width)
    issues.add(
      `${pointer}/shift`,
      'shift-exceeds-image',
      `a shift of ${Math.max(rows, columns)} pixels could move a whole image of ${height} x ${width} out of sight`,
    )
  if (rows === 0 && columns === 0)
    issues.add(
      `${pointer}/shift`,
      'shift-is-zero',
      `the fraction is less than half a pixel of ${height} x ${width}: nothing would move`,
    )
}

/** Numbers between two ids, or beside one, are no ids. */
export function checkTokensStay(
  spec: TrainingSpec | undefined,
  readers: readonly (Network | null | undefined)[],
  pointer: string,
  issues: IssueList,
): void {
  if (readers.every((network) => !network || fewestTokens(network) === null)) return
  const { noise, mixup } = spec?.augmentation ?? {}
  for (const [name, value] of Object.entries({ noise, mixup }))
    if (value)
      issues.add(
        `${pointer}/${name}`,
        'option-not-applicable',
        `an embedding reads token ids, which \`${name}\` would turn into numbers that are none`,
      )
}
