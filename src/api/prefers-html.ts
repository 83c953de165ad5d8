/** Which of two forms of the same thing an `Accept` header asks for (RFC 9110, 12.5.1). */

interface Range {
  readonly type: string
  /** 0 to 1. */
  readonly quality: number
}

const parse = (accept: string): Range[] =>
  accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) }
  })

/** The most exact range counts; 0 where none fits. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [group] = type.split('/')
  for (const pattern of [type, `${group}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === pattern)
    if (range) return range.quality
  }
  return 0
}

/** JSON where both are as welcome, and where nothing is said. */
export function prefersHtml(accept: string | undefined): boolean {
  const ranges = parse(accept ?? '*/*')
  return qualityOf('text/html', ranges) > qualityOf('application/json', ranges)
}
