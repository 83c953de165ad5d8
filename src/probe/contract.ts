/** What the child that tries a model says; it is sent one `ProbedModel` once it has loaded. */
import type { ProbeOutcome } from '../domain/model-probe.ts'

export type ProbeMessage =
  | { readonly type: 'loaded' }
  | { readonly type: 'outcome'; readonly outcome: ProbeOutcome }
