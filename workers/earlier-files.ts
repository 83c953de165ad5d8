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

/** @returns null where the task left no such file */
export function findFile(
  { earlier, fileOf }: Surroundings,
  key: string,
  name: string,
): string | null {
  const file = earlier.find((one) => one.taskKey === key && one.name === name)
  return file ? fileOf(file.sha256) : null
}

/** @throws Error when the task left no such file */
export function needFile(surroundings: Surroundings, key: string, name: string): string {
  const path = findFile(surroundings, key, name)
  if (path === null) throw new Error(`task ${key} left no ${name}`)
  return path
}

/** For documents of tasks, in which arms without an index have none. */
export const indexOf = (index: number | null | undefined): { index?: number } =>
  index === null || index === undefined ? {} : { index }
