import { canonicalJson } from '../../base/canonical-json.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import { eligibilityRefusal, type EligibilityRefusal } from '../../core/cache/prompt-eligibility.ts'
import type { ChatMessage, ModelRequest } from '../../ports/language-model.ts'
import { textOf } from '../request-facts.ts'
import type { CacheQuery } from '../semantic-cache.ts'

/** Why a request may be answered by the exact tier only. */
export type ExactOnlyReason =
  | EligibilityRefusal
  | 'depends-on-tools'
  | 'has-images'
  | 'asks-for-variety'
  | 'no-user-text'

/** A request as the cache files it. */
export type CacheRequest = {
  /** Everything that an answer depends on but the last user text. Equal strings mean interchangeable circumstances. */
  readonly partition: string
  /** SHA-256 of partition and last user text, 32 hexadecimal digits. */
  readonly entryId: string
  /** The last user text; empty where the request does not end with one. */
  readonly text: string
  /** `undefined` when the similarity tier may look at it. */
  readonly exactOnly: ExactOnlyReason | undefined
}

/** A temperature above this asks for variety: the caller wants another answer, not the same again. */
const STEADY_TEMPERATURE_MAX = 1

const ENTRY_ID_LENGTH = 32
const PARTITIONS_KEPT = 4_096
/** Longer circumstances (long system texts, conversations) are hashed each time: keeping them would take more memory than it saves time. */
const KEPT_LENGTH_MAX = 2_048

/** Files requests; remembers the hash of the circumstances that it met lately, since most requests share theirs. */
export type RequestFiler = (query: CacheQuery) => CacheRequest

export function createRequestFiler(sha256Hex: Sha256Hex): RequestFiler {
  const partitions = new Map<string, string>()
  const partitionOf = (circumstances: string): string => {
    const known = partitions.get(circumstances)
    if (known !== undefined) return known
    const partition = sha256Hex(circumstances).slice(0, ENTRY_ID_LENGTH)
    if (circumstances.length > KEPT_LENGTH_MAX) return partition
    if (partitions.size >= PARTITIONS_KEPT) partitions.clear()
    partitions.set(circumstances, partition)
    return partition
  }
  return (query) => {
    const { request } = query
    const last = request.messages.at(-1)
    const text = plainUserText(last)
    const partition = partitionOf(circumstancesOf(query, text !== ''))
    const entryId = sha256Hex(`${partition}\n${text}`).slice(0, ENTRY_ID_LENGTH)
    return { partition, entryId, text, exactOnly: exactOnlyReason(request, text) }
  }
}

/** The request without its last user text, in canonical form; a bare prompt needs no JSON at all. */
function circumstancesOf({ tenant, modelClass, conditions, request }: CacheQuery, hasText: boolean): string {
  const { messages, ...sampling } = request
  const earlier = hasText ? messages.slice(0, -1) : messages
  const last = messages.at(-1)
  const name = hasText && last?.role === 'user' ? last.name : undefined
  const isBare =
    earlier.length === 0 && name === undefined && Object.keys(sampling).length === 0 && conditions === undefined
  const rest = isBare ? '' : textOfValue({ earlier, name, sampling, conditions })
  return `${tenant}\n${modelClass}\n${rest}`
}

/** Canonical JSON refuses lone surrogates, which a caller may send; such a request keeps the order of members it came in. */
function textOfValue(value: unknown): string {
  try {
    return canonicalJson(value)
  } catch {
    return JSON.stringify(value)
  }
}

function exactOnlyReason(request: ModelRequest, text: string): ExactOnlyReason | undefined {
  const { tools, temperature, passThrough } = request
  if (text === '') return hasImages(request.messages.at(-1)) ? 'has-images' : 'no-user-text'
  if ((tools !== undefined && tools.length > 0) || request.messages.some(({ role }) => role === 'tool'))
    return 'depends-on-tools'
  if (request.messages.some(hasImages)) return 'has-images'
  if (temperature !== undefined && temperature > STEADY_TEMPERATURE_MAX) return 'asks-for-variety'
  if (
    asksForMore(passThrough?.['n'], 1) ||
    asksForMore(passThrough?.['presence_penalty'], 0) ||
    asksForMore(passThrough?.['frequency_penalty'], 0)
  )
    return 'asks-for-variety'
  return eligibilityRefusal(text)
}

/** Text of a user message that is nothing but text, in one piece or in parts; empty for any other message. */
function plainUserText(message: ChatMessage | undefined): string {
  if (message?.role !== 'user') return ''
  return hasImages(message) ? '' : textOf(message)
}

function hasImages(message: ChatMessage | undefined): boolean {
  return (
    message?.role === 'user' &&
    typeof message.content !== 'string' &&
    message.content.some(({ type }) => type === 'image')
  )
}

function asksForMore(value: unknown, than: number): boolean {
  return typeof value === 'number' && value > than
}
