import type { SemanticCache } from 'kernell-os/router'

type Entry = Extract<Awaited<ReturnType<SemanticCache['lookup']>>, { kind: 'hit' }>['entry']

/** A cache for the examples of this folder: equal requests, in memory. The one of `createNode` compares meanings, and keeps. */
export function createExactCache(): SemanticCache {
  const entries = new Map<string, Entry>()
  const counts = { exactHits: 0, misses: 0, stored: 0 }
  return {
    lookup({ tenant, modelClass, request, mode }) {
      const key = JSON.stringify([tenant, modelClass, request.messages])
      const ticket = { entryId: key }
      const entry = mode === 'default' || mode === 'no-store' ? entries.get(key) : undefined
      if (entry === undefined) {
        counts.misses += 1
        return { kind: 'miss', reason: 'no-entry', ticket: mode === 'off' ? undefined : ticket }
      }
      counts.exactHits += 1
      return { kind: 'hit', tier: 'exact', entry, ticket }
    },
    admit(ticket, { isAccepted, ...admission }) {
      if (ticket === undefined || !isAccepted) return 'not-accepted'
      const storedAt = 0 as Entry['storedAt']
      entries.set(ticket.entryId, { entryId: ticket.entryId, storedAt, ...admission })
      counts.stored += 1
      return 'stored'
    },
    invalidate: () => Promise.resolve(0),
    statistics: () => ({
      ...counts,
      entries: entries.size,
      sizeBytes: 0,
      similarHits: 0,
      evicted: 0,
      expired: 0,
      corrupted: 0,
      isSimilarityOn: false,
    }),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  }
}
