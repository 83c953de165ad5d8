/** `npm run train -- task.json`: runs one task of a file in this process, to try, debug or profile it. */
import { mkdir, readFile } from 'node:fs/promises'
import { executeTask } from './execute-task.ts'
import { toTaskFailure } from './task-failure.ts'
import type { Task } from './trainer-contract.ts'

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(file: string): Promise<void> {
  const abort = new AbortController()
  process.once('SIGINT', () => abort.abort(new Error('stopped by Ctrl-C')))
  const task = JSON.parse(await readFile(file, 'utf8')) as Task
  await mkdir(task.outputDirectory, { recursive: true })
  let phase = ''
  const result = await executeTask(
    task,
    {
      onProgress(progress) {
        if (progress.phase !== phase) print(`phase ${progress.phase}`)
        phase = progress.phase
      },
      onEpoch({ epoch, loss, terms, trainAccuracy, seconds }) {
        const accuracy = trainAccuracy === null ? 'none' : trainAccuracy.toFixed(4)
        const parts = terms.map(({ value }) => value.toFixed(4)).join(' ')
        print(
          `epoch ${epoch}  loss ${loss.toFixed(4)} (${parts})  accuracy ${accuracy}  ${seconds.toFixed(2)} s`,
        )
      },
    },
    abort.signal,
  )
  print(JSON.stringify(result, null, 2))
}

const [file] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('usage: npm run train -- task.json\n')
  process.exitCode = 2
} else {
  try {
    await main(file)
  } catch (error) {
    const { code, message } = toTaskFailure(error)
    process.stderr.write(`${code}: ${message}\n`)
    process.exitCode = 1
  }
}
