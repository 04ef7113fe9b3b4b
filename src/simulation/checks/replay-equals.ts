/** A journal that is read again comes to the state that was there when it was written. @returns The first that differs. */
export function replayEquals(
  where: string,
  live: ReadonlyMap<string, string>,
  replayed: ReadonlyMap<string, string>,
): string | undefined {
  for (const [name, hash] of live)
    if (replayed.get(name) !== hash)
      return `${where}: ${name} is ${hash.slice(0, 12)}, and its journal says ${replayed.get(name)?.slice(0, 12) ?? 'nothing'}`
  for (const name of replayed.keys())
    if (!live.has(name)) return `${where}: the journal has ${name}, which is not there`
  return undefined
}
