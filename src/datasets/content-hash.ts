import { createHash } from 'node:crypto'
import type { Dataset } from '../domain/dataset.ts'

type Content = Pick<
  Dataset,
  'inputShape' | 'featureType' | 'classNames' | 'featuresSha256' | 'labelsSha256' | 'groupsSha256'
>

/** SHA-256, in hexadecimal, of everything that makes two datasets the same data; name and id do not. */
export function contentSha256(content: Content): string {
  const { inputShape, featureType, classNames, featuresSha256, labelsSha256, groupsSha256 } =
    content
  // An array, because the order of its parts is part of JSON.
  const parts = [
    'dataset-1',
    inputShape,
    featureType,
    classNames,
    featuresSha256,
    labelsSha256,
    ...(groupsSha256 === null ? [] : [groupsSha256]),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
