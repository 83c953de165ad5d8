// @ts-check
/** Which wheels TensorFlow comes from, and what is taken out of them: two libraries and 14 headers, not the whole include tree. */

/** Paths below the unpacked folder. */
export const LIBRARIES = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
]

const HEADERS = [
  'tensorflow/c/c_api.h',
  'tensorflow/c/c_api_macros.h',
  'tensorflow/c/eager/c_api.h',
  'tensorflow/c/tf_attrtype.h',
  'tensorflow/c/tf_buffer.h',
  'tensorflow/c/tf_datatype.h',
  'tensorflow/c/tf_status.h',
  'tensorflow/c/tf_tensor.h',
  'tensorflow/c/tf_tstring.h',
  'tensorflow/core/platform/ctstring.h',
  'tensorflow/core/platform/ctstring_internal.h',
  'tsl/platform/ctstring.h',
  'tsl/platform/ctstring_internal.h',
  'xla/tsl/c/tsl_status.h',
]

const MEMBERS = [
  ...LIBRARIES,
  'tensorflow/THIRD_PARTY_NOTICES.txt',
  ...HEADERS.map((header) => `tensorflow/include/${header}`),
]

/** The extra `and-cuda` of the tensorflow wheel. */
const CUDA = [
  ...['cublas', 'cuda-cupti', 'cuda-nvcc', 'cuda-nvrtc', 'cuda-runtime', 'cudnn', 'cufft'],
  ...['curand', 'cusolver', 'cusparse', 'nccl', 'nvjitlink'],
].map((name) => `nvidia-${name}-cu12`)

/** The CUDA build looks for its libraries in `../nvidia/…/lib`: keeping the layout of the wheels is all it needs. */
export const BUILDS = {
  cpu: { label: 'tensorflow-cpu-2.21.0', packages: ['tensorflow-cpu'], members: MEMBERS },
  gpu: {
    label: 'tensorflow-cuda12-2.21.0',
    packages: ['tensorflow', ...CUDA],
    members: [...MEMBERS, 'nvidia/*'],
  },
}
