import { addAmounts } from '../../base/money.ts'
import type { Amount } from '../../base/money.ts'

/** Windows `from` to `to` that were left, and the most that any of them had spent and held. */
export type VisitedRange = { readonly from: number; readonly to: number; readonly usedNanos: Amount }

/** Ascending and apart. What is not in them was never used. */
export type VisitedWindows = readonly VisitedRange[]

/** Runs of windows kept apart. When there are more, the two earliest become one: those matter only to a clock set back that far. */
export const VISITED_RANGES_MAX = 6

/** The most that window `windowId` can have used; `undefined` when it was never used. */
export function usedInWindow(visited: VisitedWindows, windowId: number): Amount | undefined {
  return visited.find(({ from, to }) => from <= windowId && windowId <= to)?.usedNanos
}

/** Remembers that `windowId` has used at least `usedNanos`. It joins the run that ends just before it, never one that begins just after. */
export function rememberWindow(visited: VisitedWindows, windowId: number, usedNanos: Amount): VisitedWindows {
  if (usedNanos === 0n) return visited
  const at = visited.findIndex(({ from, to }) => from <= windowId && windowId <= to + 1)
  const run = visited[at]
  // A run that begins at the window itself is the closer one.
  const own = visited.findIndex(({ from }) => from === windowId)
  const joined = visited[own] ?? run
  if (joined === undefined) {
    const range = { from: windowId, to: windowId, usedNanos }
    return joinEarliest([...visited, range].toSorted((one, other) => one.from - other.from))
  }
  const to = Math.max(joined.to, windowId)
  const most = usedNanos > joined.usedNanos ? usedNanos : joined.usedNanos
  if (to === joined.to && most === joined.usedNanos) return visited
  return visited.map((range) => (range === joined ? { from: range.from, to, usedNanos: most } : range))
}

/** Adds to what a window that was left has used. */
export function addToWindow(visited: VisitedWindows, windowId: number, extraNanos: Amount): VisitedWindows {
  const before = usedInWindow(visited, windowId)
  return rememberWindow(visited, windowId, before === undefined ? extraNanos : addAmounts(before, extraNanos))
}

function joinEarliest(visited: VisitedWindows): VisitedWindows {
  const [first, second, ...rest] = visited
  if (visited.length <= VISITED_RANGES_MAX || first === undefined || second === undefined) return visited
  const usedNanos = first.usedNanos > second.usedNanos ? first.usedNanos : second.usedNanos
  return [{ from: first.from, to: second.to, usedNanos }, ...rest]
}
