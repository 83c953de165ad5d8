/**
 * How many rows of each class a held-out part gets, by largest remainder.
 * A class of two rows or more keeps at least one row on each side; a class of one row is trained on. The minimum of
 * small classes wins over the target, so the sum can be larger than it.
 *
 * @param counts rows of each class
 * @param target rows that should be held out
 */
export function apportion(counts: readonly number[], target: number): number[] {
  const shares = counts.map(() => 0)
  let open = [...counts.keys()].filter((index) => (counts[index] ?? 0) >= 2)
  const rowsOf = (index: number): number => counts[index] ?? 0
  const capacity = open.reduce((sum, index) => sum + rowsOf(index) - 1, 0)
  let left = Math.min(target, capacity)

  // Classes whose quota is below one row get that row first; what is left is shared among the others, of which some
  // may then fall below one row themselves.
  let quota: (index: number) => number
  for (;;) {
    const openRows = open.reduce((sum, index) => sum + rowsOf(index), 0)
    const total = left
    quota = (index) => (total * rowsOf(index)) / openRows
    const small = open.filter((index) => quota(index) < 1)
    if (small.length === 0) break
    for (const index of small) shares[index] = 1
    left -= small.length
    open = open.filter((index) => shares[index] === 0)
  }

  const remainder = (index: number): number => quota(index) - Math.floor(quota(index))
  for (const index of open) {
    shares[index] = Math.floor(quota(index))
    left -= shares[index]
  }
  const byRemainder = open.toSorted((a, b) => remainder(b) - remainder(a) || a - b)
  for (const index of byRemainder) {
    const share = shares[index] ?? 0
    if (left <= 0) break
    if (share + 1 >= rowsOf(index)) continue
    shares[index] = share + 1
    left--
  }
  return shares
}
