/** Where two runs part, and what was there before and behind. */
export type Difference<Event> = {
  /** Number of the first event that is not the same in both, from 0. */
  readonly index: number
  /** What happened there; `undefined`: the run was over. */
  readonly first: Event | undefined
  readonly second: Event | undefined
  /** The last ones that both have in common, oldest first. */
  readonly before: readonly Event[]
  readonly afterFirst: readonly Event[]
  readonly afterSecond: readonly Event[]
}

/** Events that are shown on either side. */
export const NEIGHBOURS = 5

/**
 * The first line in which two recorded traces differ; `undefined`: they are the same. It keeps a few lines of each, however long they are.
 */
export async function compareTraces(
  first: AsyncIterable<string>,
  second: AsyncIterable<string>,
): Promise<Difference<string> | undefined> {
  const [one, other] = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()]
  const before: string[] = []
  try {
    for (let index = 0; ; index += 1) {
      const [left, right] = [await lineOf(one), await lineOf(other)]
      if (left === right) {
        if (left === undefined) return undefined
        before.push(left)
        if (before.length > NEIGHBOURS) before.shift()
        continue
      }
      const afterFirst = left === undefined ? [] : await following(one)
      const afterSecond = right === undefined ? [] : await following(other)
      return { index, first: left, second: right, before, afterFirst, afterSecond }
    }
  } finally {
    await one.return?.()
    await other.return?.()
  }
}

/** Of two lists of events that begin at one place; `undefined`: one is the beginning of the other, or they are the same. */
export function firstDifference<Event>(
  first: readonly Event[],
  second: readonly Event[],
  isSame: (one: Event, other: Event) => boolean,
): number | undefined {
  const length = Math.max(first.length, second.length)
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [first[at], second[at]]
    if (one === undefined || other === undefined || !isSame(one, other)) return at
  }
  return undefined
}

async function lineOf(lines: AsyncIterator<string>): Promise<string | undefined> {
  const { done, value } = await lines.next()
  return done === true ? undefined : value
}

async function following(lines: AsyncIterator<string>): Promise<readonly string[]> {
  const next: string[] = []
  for (let line = await lineOf(lines); line !== undefined; line = await lineOf(lines)) {
    next.push(line)
    if (next.length === NEIGHBOURS) break
  }
  return next
}
