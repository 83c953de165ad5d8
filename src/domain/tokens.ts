/** Networks that read token ids. */
import { INPUT, type Network, type PlacedLayer } from './network.ts'

/** Tokens that every embedding of the network knows: ids are below it. Null for a network without embedding. */
export function fewestTokens({ layers }: Network): number | null {
  const sizes = layers.flatMap(({ layer }) => (layer.type === 'embedding' ? [layer.inputDim] : []))
  return sizes.length === 0 ? null : Math.min(...sizes)
}

/** Whether `name` gives the rows themselves, in their own or in another shape. */
export function readsRows(layers: readonly PlacedLayer[], name: string): boolean {
  if (name === INPUT) return true
  const found = layers.find((placed) => placed.name === name)
  return (
    (found?.layer.type === 'reshape' || found?.layer.type === 'flatten') &&
    readsRows(layers, found.inputs?.[0] ?? INPUT)
  )
}
