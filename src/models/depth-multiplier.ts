/**
 * TensorFlow.js leaves the depth multiplier of a SeparableConv2D out of what it saves. The depthwise kernel, `[height, width, in, multiplier]`, tells it.
 */
import { Fields } from './json-fields.ts'
import type { Topology } from './topology.ts'
import type { StoredWeight } from './weights-manifest.ts'

export const withDepthMultipliers = (
  topology: Topology,
  stored: readonly StoredWeight[],
): Topology => ({
  ...topology,
  nodes: topology.nodes.map((node) => {
    const { layer } = node
    if (layer.className !== 'SeparableConv2D') return node
    if (layer.fields.value('depth_multiplier') !== undefined) return node
    const kernel = `${layer.name}/depthwise_kernel`
    const found = stored.find(({ name }) => name === kernel || name.endsWith(`/${kernel}`))
    if (!found) return node
    const { object, where, pointer } = layer.fields
    const known = { ...object, depth_multiplier: found.shape[3] }
    return { ...node, layer: { ...layer, fields: new Fields(known, where, pointer) } }
  }),
})
