/** What is written into a file of any format. */
import type { Normalization, Precision } from '../../domain/model.ts'
import type { Network } from '../../domain/network.ts'
import type { Stream } from '../protobuf/message.ts'

export interface ModelContent {
  readonly network: Network
  readonly normalization: Normalization | null
  /** float32 numbers of a weight by its name in the service, `layer.weight`. */
  readonly weight: (name: string) => Stream
  readonly precision: Precision
  /** Strings that travel with the model. */
  readonly metadata: Readonly<Record<string, string>>
}
