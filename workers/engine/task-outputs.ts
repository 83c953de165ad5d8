/** The files that a task leaves, and what it says while it runs. */
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type EpochMetrics,
  OUTPUT_FILES,
  type OutputFile,
  type Progress,
} from '../trainer-contract.ts'

export interface TaskHooks {
  /** That the task may use; default 1. TensorFlow learns its own from the environment. */
  readonly threads?: number
  onProgress(progress: Progress): void
  onEpoch(metrics: EpochMetrics): void
}

export class Outputs {
  readonly #directory: string
  readonly files: OutputFile[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  #path(file: OutputFile): string {
    this.files.push(file)
    return path.join(this.#directory, OUTPUT_FILES[file])
  }

  logits(file: OutputFile, logits: Float32Array): Promise<void> {
    return writeFile(this.#path(file), logits)
  }

  json(file: OutputFile, content: object): Promise<void> {
    return writeFile(this.#path(file), `${JSON.stringify(content)}\n`)
  }

  stream(file: OutputFile, content: Readable): Promise<void> {
    return pipeline(content, createWriteStream(this.#path(file)))
  }
}

export const peakMemoryBytes = (): number => process.resourceUsage().maxRSS * 1024
