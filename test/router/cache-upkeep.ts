import type { SemanticCache } from '../../src/router/semantic-cache.ts'

/** The doors of a scripted cache that the router never asks about an answer: it is empty and keeps nothing. */
export const CACHE_UPKEEP: Omit<SemanticCache, 'lookup' | 'admit'> = {
  invalidate: async () => 0,
  statistics: () => ({
    entries: 0,
    sizeBytes: 0,
    exactHits: 0,
    similarHits: 0,
    misses: 0,
    stored: 0,
    evicted: 0,
    expired: 0,
    corrupted: 0,
    isSimilarityOn: false,
  }),
  flush: async () => undefined,
  close: async () => undefined,
}
