/** From any way of describing a network to the network, or to what is wrong with it. */
import type { Architecture } from './architecture.ts'
import { type Inference, inferNetwork, networkIssues } from './infer-network.ts'
import type { KerasReader } from './keras-reader.ts'
import type { Shape } from './network.ts'

/** As `inferNetwork`, and for Keras documents too. */
export function resolveArchitecture(
  architecture: Architecture,
  inputShape: Shape,
  classes: number,
  pointer: string,
  readKeras: KerasReader,
): Inference {
  const { keras, ...others } = architecture
  if (keras === undefined) return inferNetwork(architecture, inputShape, classes, pointer)
  const surplus = Object.keys(others)
  if (surplus.length > 0)
    return {
      issues: surplus.map((key) => ({
        pointer: `${pointer}/${key}`,
        code: 'option-not-applicable',
        message: `\`keras\` describes the whole network: leave \`${key}\` out`,
        allowed: ['keras'],
      })),
    }
  const within = (place: string): string => `${pointer}/keras${place}`
  const reading = readKeras(keras, inputShape)
  if ('issues' in reading)
    return {
      issues: reading.issues.map((issue) => ({ ...issue, pointer: within(issue.pointer) })),
    }
  const { network, notes, outputPointer } = reading
  const issues = networkIssues(network, classes, within(outputPointer), pointer)
  return issues.length > 0
    ? { issues }
    : { network, notes: notes.map((note) => `${within('')}: ${note}`) }
}
