/** The wall between student and teacher: what is behind it is a constant, whoever made it. */
import { nativeBackend } from '../../native-backend.ts'
import { tf } from '../../tensorflow.ts'

/**
 * The same numbers as a tensor that knows nothing of how they came about, so that no gradient flows back. A teacher that
 * shares weights with the student, as in self-distillation, would otherwise be pulled towards the student. Comparisons,
 * for which tfjs has no gradients, can be made on it.
 */
export function stopGradient<T extends tf.Tensor>({ dataId, shape, dtype }: T): T {
  // What tf.clone does, without the note that autodiff follows.
  nativeBackend().incRef(dataId)
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }) as T
}
