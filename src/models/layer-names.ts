/** Names of Keras layers as names that this service, PyTorch and safetensors all accept. */
const OURS = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** Keeps a name that is fine already; otherwise makes one that is, and that is not in `taken`. */
export function layerName(kerasName: string, taken: ReadonlySet<string>): string {
  const safe = kerasName.replace(/[^A-Za-z0-9_]/g, '_')
  const base = (/^[A-Za-z]/.test(safe) ? safe : `layer_${safe}`).slice(0, 56)
  let name = OURS.test(kerasName) ? kerasName : base
  for (let number = 2; taken.has(name); number++) name = `${base}_${number}`
  return name
}

/** Keras 3's folder name for a class: `MaxPooling2D` is `max_pooling2d`, `BatchNormalization` `batch_normalization`. */
export const snakeCase = (className: string): string =>
  className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
