import { VERSION } from '../../src/domain/version.ts'
import { nativeBackend } from './native-backend.ts'

/** What computed: other versions may round otherwise. */
export const versions = () => ({
  distillery: VERSION,
  node: process.versions.node,
  tensorflow: nativeBackend().binding.TF_Version,
})
