/** What earlier tasks of a job left for a task, and where it will lie. */

/** Files that earlier tasks of the job left. */
export interface EarlierFile {
  readonly taskKey: string
  readonly name: string
  readonly sha256: string
}

export interface Surroundings {
  readonly earlier: readonly EarlierFile[]
  /** Path at which the blob will lie; calling it asks for the blob. */
  readonly fileOf: (sha256: string) => string
  readonly outputDirectory: string
}

/** @throws Error when the task left no such file */
export function needFile({ earlier, fileOf }: Surroundings, key: string, name: string): string {
  const file = earlier.find((one) => one.taskKey === key && one.name === name)
  if (!file) throw new Error(`task ${key} left no ${name}`)
  return fileOf(file.sha256)
}

/** For documents of tasks, in which arms without an index have none. */
export const indexOf = (index: number | null | undefined): { index?: number } =>
  index === null || index === undefined ? {} : { index }
