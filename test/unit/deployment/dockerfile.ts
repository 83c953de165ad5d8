/** Reads a Dockerfile as far as tests need it. */

export interface Stage {
  readonly name: string
  readonly base: string
  /** Its instructions, one a line. */
  readonly text: string
  /** What follows an instruction, each time that it stands there. */
  all(instruction: string): string[]
  /** Names that ENV sets. */
  variables(): string[]
}

const createStage = (name: string, base: string, text: string): Stage => {
  const all = (instruction: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1))
  const variables = () =>
    all('ENV').flatMap((line) => [...line.matchAll(/(\w+)=/g)].map(([, found = '']) => found))
  return { name, base, text, all, variables }
}

export function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n')
  return lines.split(/^(?=FROM )/m).map((text) => {
    const [, base, name] = /^FROM (\S+) AS (\S+)/.exec(text) ?? []
    if (!base || !name) throw new Error(`a stage without a name: ${text.slice(0, 60)}`)
    return createStage(name, base, text)
  })
}
