/** What the API process and the one that draws say to each other. */
import type { Drawing } from '../domain/ports.ts'

export interface RenderRequest {
  readonly id: number
  readonly drawings: readonly Drawing[]
}

export type RenderAnswer =
  | { readonly id: number; readonly svgs: readonly string[] }
  | { readonly id: number; readonly error: string }
