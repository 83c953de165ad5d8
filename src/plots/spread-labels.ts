/** Keeps labels beside points from covering each other, when they can only move up and down. */

export interface Label {
  /** Pixels from the left and from the top, of the point. */
  readonly x: number
  readonly y: number
  /** Estimated, in pixels. */
  readonly width: number
}

/** Of a line, in pixels. */
const LINE = 14

const meet = (a: Label, b: Label): boolean => a.x < b.x + b.width && b.x < a.x + a.width

/**
 * From top to bottom each label is put below those that it would cover, so labels of a crowd stand in the order of
 * their points.
 *
 * @returns the new y of each, in the order given
 */
export function spreadLabels(labels: readonly Label[]): number[] {
  const placed: Label[] = []
  const result = labels.map(({ y }) => y)
  const order = [...labels.entries()].sort(([, a], [, b]) => a.y - b.y)
  for (const [index, label] of order) {
    const above = placed.filter((other) => meet(label, other)).map((other) => other.y + LINE)
    const y = Math.max(label.y, ...above)
    placed.push({ ...label, y })
    result[index] = y
  }
  return result
}
