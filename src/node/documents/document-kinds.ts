/** What callers leave with a node, or ask it to keep. */
export type DocumentKind = 'response' | 'file' | 'file-content' | 'batch' | 'batch-line' | 'repeated-answer'

export type DocumentLimits = {
  /** Of one tenant. */
  readonly countMax: number
  /** Of one tenant, all documents of the kind together. */
  readonly bytesMax: number
  readonly ttlMs: number
  /** `forget-oldest` makes room, `refuse` lets the caller do so. */
  readonly whenFull: 'forget-oldest' | 'refuse'
}

const DAY_MS = 86_400_000
const MEBIBYTE = 1_048_576

/** Thirty days, as the interface that they are of keeps them. */
const TTL_MS = 30 * DAY_MS

export const DOCUMENT_LIMITS: Readonly<Record<DocumentKind, DocumentLimits>> = {
  response: { countMax: 2_000, bytesMax: 64 * MEBIBYTE, ttlMs: TTL_MS, whenFull: 'forget-oldest' },
  file: { countMax: 500, bytesMax: MEBIBYTE, ttlMs: TTL_MS, whenFull: 'refuse' },
  'file-content': { countMax: 500, bytesMax: 256 * MEBIBYTE, ttlMs: TTL_MS, whenFull: 'refuse' },
  batch: { countMax: 500, bytesMax: 16 * MEBIBYTE, ttlMs: TTL_MS, whenFull: 'refuse' },
  // Results of batches that are under way; they become files.
  'batch-line': { countMax: 200_000, bytesMax: 256 * MEBIBYTE, ttlMs: TTL_MS, whenFull: 'refuse' },
  // Of requests with a key of their own, in case they come again.
  'repeated-answer': { countMax: 1_000, bytesMax: 64 * MEBIBYTE, ttlMs: DAY_MS, whenFull: 'forget-oldest' },
}
