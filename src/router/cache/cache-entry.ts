import { parseTenantId, type TenantId } from '../../base/identifiers.ts'
import type { Timestamp } from '../../base/time.ts'
import { decodeBase64, encodeBase64 } from '../../core/text/base64.ts'
import type { ComparablePrompt } from '../../core/cache/comparable-prompt.ts'
import type { ModelAnswer, TokenLogprob } from '../../ports/language-model.ts'
import type { CachedAnswer } from '../semantic-cache.ts'

/** An answer with everything the cache needs to find it and to drop it. */
export type CacheEntry = {
  readonly cached: CachedAnswer
  readonly tenant: TenantId
  readonly modelClass: string
  readonly partition: string
  /** Last user text; compared in full before an exact hit. */
  readonly text: string
  /** Whether the similarity tier may serve it, when there is one. */
  readonly isComparable: boolean
  /** `undefined` where nothing compares it now: only the exact tier may serve it, or there is no other. */
  readonly vector: Float32Array | undefined
  /** Number of the entry in this process; names it in vector indexes. */
  readonly place: number
  /** Memory taken, counted: two bytes a character, four a vector component, and the objects around them. */
  readonly sizeBytes: number
  /** The text read for comparison; made when it is first a candidate. */
  comparable: ComparablePrompt | undefined
}

/** Objects and maps around an entry, by measurement about this much. */
const ENTRY_OVERHEAD_BYTES = 600
/** A token with its likelihood and its bytes. */
const TOKEN_BYTES = 160

export function sizeOfEntry(entry: Pick<CacheEntry, 'text' | 'vector' | 'cached'>): number {
  const { answer } = entry.cached
  const ofTokens = answer.logprobs === undefined ? 0 : TOKEN_BYTES * countTokens(answer.logprobs.text)
  return (
    ENTRY_OVERHEAD_BYTES + 2 * (entry.text.length + answer.text.length) + 4 * (entry.vector?.length ?? 0) + ofTokens
  )
}

function countTokens(logprobs: readonly TokenLogprob[]): number {
  return logprobs.reduce((sum, { top }) => sum + 1 + top.length, 0)
}

/** What is on disk. Vectors of the built-in embedder are not kept: they cost less to compute than to read. */
type StoredEntry = {
  readonly version: 1
  readonly tenant: string
  readonly modelClass: string
  readonly partition: string
  readonly text: string
  readonly answer: ModelAnswer
  readonly modelId: string
  readonly provider: string
  readonly confidence: number
  readonly storedAt: number
  readonly isComparable: boolean
  readonly embedderId?: string
  readonly vector?: string
}

export type DecodedEntry = Omit<CacheEntry, 'place' | 'sizeBytes' | 'comparable'> & {
  /** Embedder of the vector, where one was kept. */
  readonly embedderId: string | undefined
}

export function encodeEntry(
  entry: CacheEntry,
  embedder: { readonly id: string; readonly isVectorKept: boolean },
): Uint8Array {
  const { cached, tenant, modelClass, partition, text, isComparable, vector } = entry
  const { answer, modelId, provider, confidence, storedAt } = cached
  const stored: StoredEntry = {
    version: 1,
    tenant,
    modelClass,
    partition,
    text,
    answer,
    modelId,
    provider,
    confidence,
    storedAt,
    isComparable,
    ...(vector !== undefined &&
      embedder.isVectorKept && {
        embedderId: embedder.id,
        vector: encodeBase64(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)),
      }),
  }
  return new TextEncoder().encode(JSON.stringify(stored))
}

/** Reads stored bytes; `undefined` for anything that is not a whole entry. */
export function decodeEntry(entryId: string, bytes: Uint8Array): DecodedEntry | undefined {
  const stored = parseStored(bytes)
  if (stored === undefined) return undefined
  const tenant = parseTenantId(stored.tenant)
  const vector = stored.vector === undefined ? undefined : floatsOf(stored.vector)
  if (tenant === undefined || (stored.vector !== undefined && vector === undefined)) return undefined
  const { answer, modelId, provider, confidence, modelClass, partition, text, isComparable, embedderId } = stored
  const cached: CachedAnswer = {
    entryId,
    answer,
    modelId,
    provider,
    confidence,
    storedAt: stored.storedAt as Timestamp,
  }
  return { cached, tenant, modelClass, partition, text, vector, isComparable, embedderId }
}

function parseStored(bytes: Uint8Array): StoredEntry | undefined {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
  return isStored(value) ? value : undefined
}

function isStored(value: unknown): value is StoredEntry {
  if (typeof value !== 'object' || value === null) return false
  const row = value as Record<string, unknown>
  const areTexts = ['tenant', 'modelClass', 'partition', 'text', 'modelId', 'provider'].every(
    (name) => typeof row[name] === 'string',
  )
  const answer = row['answer']
  return (
    row['version'] === 1 &&
    areTexts &&
    typeof row['confidence'] === 'number' &&
    typeof row['storedAt'] === 'number' &&
    row['storedAt'] >= 0 &&
    typeof row['isComparable'] === 'boolean' &&
    (row['vector'] === undefined || typeof row['vector'] === 'string') &&
    (row['embedderId'] === undefined || typeof row['embedderId'] === 'string') &&
    typeof answer === 'object' &&
    answer !== null &&
    typeof (answer as Record<string, unknown>)['text'] === 'string' &&
    Array.isArray((answer as Record<string, unknown>)['toolCalls'])
  )
}

function floatsOf(text: string): Float32Array | undefined {
  const bytes = decodeBase64(text)
  return bytes === undefined || bytes.length % 4 !== 0 ? undefined : new Float32Array(bytes.buffer)
}
