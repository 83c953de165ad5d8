/** The only module that loads TensorFlow. */
import './node-shim.ts'
import * as tf from '@tensorflow/tfjs-node'

export { tf }
