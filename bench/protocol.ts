/**
 * A contestant is a process that stays: after `ready` it waits, and for each line `go <milliseconds>` on its input it trains
 * for that long and prints one line of JSON; `end` makes it print its peak memory and leave. So contestants take turns
 * while all are warm, and a busy machine slows all of them down.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { ownEnvironment } from './environment.ts'

export interface Round {
  readonly samplesPerSecond: number
  /** Of processor time: what another load on the machine hardly changes. */
  readonly samplesPerCpuSecond: number
}

export interface Contestant {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

interface Ready {
  readonly version: string
  /** From the start of the process to the end of the first steps: loading and compiling. */
  readonly note: string
}

/** A contestant that is being measured. Close it. */
export class Runner {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #errors = ''

  constructor({ command, args, environment }: Contestant) {
    this.#child = spawn(command, [...args], { env: { ...ownEnvironment(), ...environment } })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-4000)
    })
  }

  async #answer(): Promise<unknown> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      if (done) throw new Error(`ended without an answer: ${this.#errors}`)
      if (value.startsWith('{')) return JSON.parse(value)
    }
  }

  ready = (): Promise<Ready> => this.#answer() as Promise<Ready>

  round(milliseconds: number): Promise<Round> {
    this.#child.stdin.write(`go ${milliseconds}\n`)
    return this.#answer() as Promise<Round>
  }

  /** @returns peak memory in bytes */
  async end(): Promise<number> {
    this.#child.stdin.write('end\n')
    const { peakMemoryBytes } = (await this.#answer()) as { peakMemoryBytes: number }
    return peakMemoryBytes
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }
}
