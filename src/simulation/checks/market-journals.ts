/** Entries of a journal, without the checkpoints between them. */
export function entriesOf(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.startsWith('{"at":'))
}

/** All members of a set have written the same, as far as each of them has come. */
export function findDisagreement(journals: ReadonlyMap<string, readonly string[]>): string | undefined {
  const all = [...journals].map(([name, lines]) => ({ name, entries: entriesOf(lines) }))
  const longest = all.toSorted((one, other) => other.entries.length - one.entries.length)[0]
  for (const { name, entries } of all) {
    const at = entries.findIndex((entry, index) => entry !== longest?.entries[index])
    if (at >= 0) return `entry ${at} of ${name} is another one than that of ${longest?.name}`
  }
  return undefined
}
