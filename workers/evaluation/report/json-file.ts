import type { ReadFile } from '../logits-store.ts'

/** What a task left as JSON. */
export const readJson = <Content>(read: ReadFile, path: string): Content =>
  JSON.parse(new TextDecoder().decode(read(path))) as Content
