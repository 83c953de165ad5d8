/** Collects the mistakes of one request, so that a client is told all of them at once. */
import type { SpecIssue } from './spec-issue.ts'

export class IssueList {
  readonly found: SpecIssue[] = []
  add(
    pointer: string,
    code: string,
    message: string,
    allowed?: readonly (string | number)[],
  ): void {
    this.found.push({ pointer, code, message, ...(allowed ? { allowed } : {}) })
  }
}
