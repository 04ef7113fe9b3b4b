import type { Did } from '../evidence/names.ts'

/** Callers that are remembered. */
export const PROVEN_CALLERS_MAX = 1_024

/** Where a caller was found: the node that spoke for it, and the block of addresses over which that one was connected. */
export type ProvenPlace = { readonly node: Did; readonly block: string }

/** Auctioneers for whose calls a node has answered, at the place that they named, the least recent first. */
export type ProvenCallers = ReadonlyMap<Did, ProvenPlace>

/**
 * The callers with one more, or with one that was found again. Where there are too many, the block with the most of them loses the one that was found least recently: keys and
 * nodes cost nothing, and whoever has many displaces his own.
 */
export function withProvenCaller(callers: ProvenCallers, caller: Did, place: ProvenPlace): ProvenCallers {
  const all = new Map(callers)
  all.delete(caller)
  all.set(caller, place)
  if (all.size <= PROVEN_CALLERS_MAX) return all
  const crowded = largestBlock(all)
  const [oldest] = [...all].find(([, { block }]) => block === crowded) ?? []
  if (oldest !== undefined) all.delete(oldest)
  return all
}

/** The callers without one that was not found again. */
export function withoutProvenCaller(callers: ProvenCallers, caller: Did): ProvenCallers {
  if (!callers.has(caller)) return callers
  return new Map([...callers].filter(([known]) => known !== caller))
}

function largestBlock(callers: ProvenCallers): string | undefined {
  const counts = new Map<string, number>()
  for (const { block } of callers.values()) counts.set(block, (counts.get(block) ?? 0) + 1)
  let most: readonly [string, number] | undefined
  for (const entry of counts) if (most === undefined || entry[1] > most[1]) most = entry
  return most?.[0]
}
