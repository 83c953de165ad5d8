/** What every form of a given teacher can do once it is open. */
import type { DatasetFiles } from '../../trainer-contract.ts'

/** Which rows: recorded outputs have a file for each. */
export type AnsweredPart = 'dataset' | 'test-set'

export interface TeacherSurroundings {
  /** For files that a library wants to have in a folder of its own. */
  readonly scratchDirectory: string
  /** For libraries that TensorFlow's own settings do not reach. */
  readonly threads: number
}

export interface OpenTeacher extends AsyncDisposable {
  /**
   * Logits of every row, float32 `[rows, classes]`, in the order of the rows.
   * @throws InputError when the teacher does not fit the rows; the reason of the signal when aborted
   */
  logits(part: AnsweredPart, rows: DatasetFiles, signal: AbortSignal): Promise<Float32Array>
}
