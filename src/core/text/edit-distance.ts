/**
 * Whether two words are at most `editsMax` (1 or 2) insertions, deletions or replacements of one UTF-16 unit apart. With one edit,
 * a swap of two neighbouring letters counts as one.
 */
export function isWithinEdits(first: string, second: string, editsMax: 1 | 2): boolean {
  if (Math.abs(first.length - second.length) > editsMax) return false
  let start = 0
  while (start < first.length && start < second.length && first[start] === second[start]) start += 1
  let endFirst = first.length
  let endSecond = second.length
  while (endFirst > start && endSecond > start && first[endFirst - 1] === second[endSecond - 1]) {
    endFirst -= 1
    endSecond -= 1
  }
  const restFirst = first.slice(start, endFirst)
  const restSecond = second.slice(start, endSecond)
  if (Math.max(restFirst.length, restSecond.length) <= editsMax) return true
  if (editsMax === 1)
    return (
      restFirst.length === 2 &&
      restSecond.length === 2 &&
      restFirst[0] === restSecond[1] &&
      restFirst[1] === restSecond[0]
    )
  return distance(restFirst, restSecond) <= editsMax
}

function distance(first: string, second: string): number {
  let row = Array.from({ length: second.length + 1 }, (_, at) => at)
  for (let i = 1; i <= first.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= second.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (first[i - 1] === second[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[second.length] ?? 0
}
