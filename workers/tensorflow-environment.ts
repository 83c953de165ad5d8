/** Settings that TensorFlow reads from its environment, once, when it is loaded. */

export interface TensorflowSettings {
  readonly threads: number
  readonly device: 'cpu' | 'gpu'
}

export const tensorflowEnvironment = ({
  threads,
  device,
}: TensorflowSettings): Record<string, string> => ({
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Keeps freed memory for the next step rather than asking the system again: steadier and faster.
  TF_CPU_ALLOCATOR_USE_BFC: 'true',
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: String(threads),
  ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : { TF_FORCE_GPU_ALLOW_GROWTH: 'true' }),
})
