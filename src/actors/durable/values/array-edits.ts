/** Positions from `from` up to, and without, `to`. */
export type Span = { readonly from: number; readonly to: number }

/** At `start`, `removed` items go and those come that the new array has in `inserted`. */
export type ArrayEdit = { readonly start: number; readonly removed: number; readonly inserted: Span }

export type ArrayEdits = {
  /** To be made one after the other. */
  readonly edits: readonly ArrayEdit[]
  /** Items of the new array that may have changed, each in its place. */
  readonly changed: Span
  /** Items of the new array that equal the ones before by content alone: they are other objects. */
  readonly copied: readonly Span[]
}

type Arrays = {
  readonly before: readonly unknown[]
  readonly after: readonly unknown[]
  /** Whether two items are stored alike. */
  readonly isSame: (left: unknown, right: unknown) => boolean
}
type Spans = { readonly old: Span; readonly now: Span }

/** How far an array is searched for the place where its old head went. */
const SHIFT_MAX = 64
const NOTHING: Span = { from: 0, to: 0 }

/**
 * Finds what changed in an array by what did not: a common head and tail, then items that moved as one because the list
 * was cut at one end and grew at the other, then items that changed each in its place.
 *
 * @returns `undefined` when the arrays hold the same objects.
 */
export function findArrayEdits({ before, after, isSame }: Arrays): ArrayEdits | undefined {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && Object.is(before[head], after[head])) head += 1
  let tail = 0
  while (tail < shorter - head && Object.is(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail += 1
  const old = { from: head, to: before.length - tail }
  const now = { from: head, to: after.length - tail }
  if (isEmpty(old) && isEmpty(now)) return undefined
  if (isEmpty(old) || isEmpty(now)) return editsOnly([replacing({ old, now })])
  const shift = findShift(before, after, { old, now })
  if (shift !== undefined) return editsOnly(shiftEdits({ old, now }, shift))
  if (old.to - old.from === now.to - now.from) return { edits: [], changed: now, copied: [] }
  return findEndEdits({ before, after, isSame }, { old, now })
}

/** Positive: so many items went from the start of the span. Negative: so many came there. */
function findShift(before: readonly unknown[], after: readonly unknown[], { old, now }: Spans): number | undefined {
  const oldSize = old.to - old.from
  const newSize = now.to - now.from
  for (let shift = 1; shift <= SHIFT_MAX; shift += 1) {
    if (shift < oldSize && oldSize - shift <= newSize && isRun(before, after, [old.from + shift, now.from, old.to])) {
      return shift
    }
    if (shift < newSize && newSize - shift <= oldSize && isRun(after, before, [now.from + shift, old.from, now.to])) {
      return -shift
    }
  }
  return undefined
}

function isRun(
  left: readonly unknown[],
  right: readonly unknown[],
  [from, start, to]: readonly [number, number, number],
): boolean {
  for (let index = from; index < to; index += 1) if (!Object.is(left[index], right[start + index - from])) return false
  return true
}

function shiftEdits({ old, now }: Spans, shift: number): readonly ArrayEdit[] {
  const oldSize = old.to - old.from
  if (shift > 0) {
    const kept = oldSize - shift
    const cut = { start: old.from, removed: shift, inserted: NOTHING }
    const grown = { start: old.from + kept, removed: 0, inserted: { from: now.from + kept, to: now.to } }
    return isEmpty(grown.inserted) ? [cut] : [cut, grown]
  }
  const kept = now.to - now.from + shift
  const came = { start: old.from, removed: 0, inserted: { from: now.from, to: now.from - shift } }
  return kept === oldSize ? [came] : [{ start: old.from + kept, removed: oldSize - kept, inserted: NOTHING }, came]
}

/** Lists that were copied share no objects: their ends are compared by content, and the middle is one piece. */
function findEndEdits({ before, after, isSame }: Arrays, { old, now }: Spans): ArrayEdits {
  const shorter = Math.min(old.to - old.from, now.to - now.from)
  let head = 0
  while (head < shorter && isSame(before[old.from + head], after[now.from + head])) head += 1
  let tail = 0
  while (tail < shorter - head && isSame(before[old.to - 1 - tail], after[now.to - 1 - tail])) tail += 1
  const middle = {
    old: { from: old.from + head, to: old.to - tail },
    now: { from: now.from + head, to: now.to - tail },
  }
  const copied = [
    { from: now.from, to: middle.now.from },
    { from: middle.now.to, to: now.to },
  ]
  return { edits: [replacing(middle)], changed: NOTHING, copied }
}

function replacing({ old, now }: Spans): ArrayEdit {
  return { start: old.from, removed: old.to - old.from, inserted: now }
}

function editsOnly(edits: readonly ArrayEdit[]): ArrayEdits {
  return { edits, changed: NOTHING, copied: [] }
}

function isEmpty({ from, to }: Span): boolean {
  return from === to
}
