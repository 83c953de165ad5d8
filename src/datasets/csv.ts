/** Reads a CSV file (RFC 4180) as a dataset, in one pass and with flat memory. */
import { CsvError, type Parser, parse } from 'csv-parse'
import { ByteSource } from './byte-source.ts'
import { delimiterOf } from './csv-header.ts'
import { CsvTable, type CsvTableOptions } from './csv-table.ts'
import { DatasetError } from './dataset-error.ts'
import { FeatureBuffer } from './feature-buffer.ts'
import { fileKind } from './file-kind.ts'
import { finishDataset, type ParsedDataset, requireTwoClasses } from './parsed-dataset.ts'
import { Profile } from './profile.ts'
import type { FeatureSink } from './sink.ts'
import { type GuardedText, TextGuard } from './text-guard.ts'

export interface CsvOptions extends CsvTableOptions {
  readonly signal?: AbortSignal | undefined
}

/** Of one record; all columns that are allowed fit, with room. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
/** The parser works through one piece before the sink is asked again. */
const PIECE_BYTES = 65_536
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const REPLACEMENT_CHARACTER = Buffer.from('\ufffd')

/** Skips a byte order mark and finds the delimiter. */
async function openText(bytes: ByteSource): Promise<{ delimiter: string; kind: string | null }> {
  const head = await bytes.peekUntil(
    (chunk, before) =>
      chunk.includes(0x0a) || chunk.includes(0x0d) || before + chunk.length > MAX_LINE_BYTES,
  )
  if (BYTE_ORDER_MARK.equals(head.subarray(0, 3))) await bytes.take(3)
  const [line = ''] = Buffer.from(head.subarray(0, MAX_LINE_BYTES))
    .toString()
    .split(/[\r\n]/, 1)
  return { delimiter: delimiterOf(line), kind: fileKind(head) }
}

const write = (parser: Parser, text: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    parser.write(text, (error) => (error ? reject(error) : resolve()))
  })

const end = (parser: Parser): Promise<void> =>
  new Promise((resolve, reject) => {
    parser.once('error', reject)
    parser.once('end', resolve)
    parser.resume()
    parser.end()
  })

function notText(problem: GuardedText['problem'], row: number, kind: string | null): DatasetError {
  const found = problem === 'nul-byte' ? 'a NUL byte' : 'bytes that are not UTF-8'
  const advice =
    kind && !kind.startsWith('text')
      ? `; the file looks like ${kind}: send CSV`
      : ': save the file as UTF-8 text'
  return new DatasetError(problem ?? 'not-text', `row ${row} has ${found}${advice}`, { row })
}

/** Says what the parser found wrong, with the line on which the record begins. */
function explain(error: unknown, row: number): unknown {
  if (!(error instanceof CsvError)) return error
  if (error.code === 'CSV_MAX_RECORD_SIZE')
    return new DatasetError(
      'line-too-long',
      `row ${row} is longer than ${MAX_LINE_BYTES} bytes: perhaps a quote is not closed`,
      { row },
    )
  return new DatasetError(
    'bad-quotes',
    `row ${row}: a quote is not closed or stands inside a cell: write a cell with quotes as "a ""b"" c"`,
    { row },
  )
}

/**
 * Reads a header line and rows of numbers with one column of class labels and, where it is asked for, one of groups.
 *
 * UTF-8 with or without byte order mark; comma, semicolon or tab, as in the header; CRLF, LF or CR; blanks around cells do
 * not count; blank lines only at the end. Labels are text or numbers: classes are in numeric order where every label is an
 * integer, else in the order of code points. Features go to the sink as float32 in the order of the columns.
 * The source is closed at an error.
 *
 * @throws DatasetError with line and column for anything that is not such a file
 */
export async function readCsv(
  source: AsyncIterable<Uint8Array>,
  options: CsvOptions,
  sink: FeatureSink,
): Promise<ParsedDataset> {
  const bytes = new ByteSource(source, options.signal)
  const profile = new Profile()
  const features = new FeatureBuffer(sink, profile)
  const table = new CsvTable(options, features)
  try {
    const { delimiter, kind } = await openText(bytes)
    const parser = parse({
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      max_record_size: MAX_LINE_BYTES,
      on_record: (cells: string[]) => {
        table.add(cells)
        return null
      },
    })
    // Without a listener the error that `write` rejects with would end the process.
    parser.on('error', () => {})
    const guard = new TextGuard()
    const feed = async ({ text, problem }: GuardedText): Promise<void> => {
      for (let from = 0; from < text.length; from += PIECE_BYTES) {
        await write(parser, text.subarray(from, from + PIECE_BYTES))
        await features.drain()
      }
      if (problem === null) return
      // The parser holds back a line break at the end of its input.
      await write(parser, REPLACEMENT_CHARACTER)
      throw notText(problem, table.line, kind)
    }
    for await (const chunk of bytes.rest()) await feed(guard.check(chunk))
    await feed(guard.check(new Uint8Array(0), true))
    await end(parser)
    await features.finish()
  } catch (error) {
    throw explain(error, table.line)
  } finally {
    bytes.close()
  }
  const { inputShape, featureNames } = table.finish()
  requireTwoClasses(table.classes)
  return finishDataset(
    inputShape,
    'float32',
    table.classes,
    { ...profile.finish(), featureNames },
    table.groups,
  )
}
