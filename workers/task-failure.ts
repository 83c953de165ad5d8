import { InputError } from './engine/input-error.ts'
import { MeasurementError } from './evaluation/measurement-error.ts'
import type { TaskFailure } from './trainer-contract.ts'

/** Says what a thrown value means for the task: an {@link InputError} is the user's, most else the system's. */
export function toTaskFailure(error: unknown): TaskFailure {
  if (error instanceof InputError)
    return {
      code: error.code,
      class: 'user',
      message: error.message,
      details: error.details,
    }
  if (error instanceof MeasurementError)
    return {
      code: error.code,
      // The rest is about files that this service wrote itself.
      class: error.code === 'logits-not-finite' ? 'user' : 'system',
      message: error.message,
      details: null,
    }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'trainer-error', class: 'system', message, details: null }
}
