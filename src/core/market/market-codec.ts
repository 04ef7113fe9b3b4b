import type { JsonValue } from '../../base/canonical-json.ts'
import { CAPABILITIES_MAX } from '../auction/auction-call.ts'
import { emptyHashTrie, hashTrieEntries, hashTrieSet } from '../collections/hash-trie.ts'
import {
  EVIDENCE_READERS,
  INVALID,
  listOf,
  objectOf,
  oneOf,
  readCount,
  readCurrency,
  readDid,
  readDuration,
  type Reader,
  readHash,
  readNanos,
  readTime,
  readWord,
  toJson,
  unionOf,
} from '../json/json-reader.ts'
import {
  type DirectoryEvent,
  type DirectoryState,
  OFFERS_MAX,
  type OfferTerms,
  type StandingOffer,
} from './offer-directory.ts'
import {
  HEARD_PRICES_MAX,
  type PriceHistory,
  PRICES_MAX,
  type PriceSample,
  type PriceSeries,
  SERIES_MAX,
} from './price-history.ts'

const readTerms: Reader<OfferTerms> = objectOf<OfferTerms>({
  skill: readWord,
  currency: readCurrency,
  priceNanos: readNanos,
  latencyMs: readDuration,
  inputBytesMax: readCount,
  capabilities: listOf(readWord, CAPABILITIES_MAX),
  validFrom: readTime,
  validUntil: readTime,
  capacity: readCount,
})
const readDirectory = objectOf<{ readonly at: DirectoryState['at']; readonly offers: readonly StandingOffer[] }>({
  at: readTime,
  offers: listOf(
    objectOf<StandingOffer>({ id: readHash, seller: readDid, terms: readTerms, taken: readCount }),
    OFFERS_MAX,
  ),
})

type EventOf<Type extends DirectoryEvent['type']> = Extract<DirectoryEvent, { readonly type: Type }>
const readEvent: Reader<DirectoryEvent> = unionOf<DirectoryEvent>(
  objectOf<EventOf<'offer-published'>>({ ...EVIDENCE_READERS, type: oneOf('offer-published'), terms: readTerms }),
  objectOf<EventOf<'offer-withdrawn'>>({ ...EVIDENCE_READERS, type: oneOf('offer-withdrawn'), offer: readHash }),
  objectOf<Extract<DirectoryEvent, { readonly type: 'work-started' | 'work-ended' }>>({
    type: oneOf('work-started', 'work-ended'),
    offer: readHash,
    at: readTime,
  }),
  objectOf<EventOf<'offers-pruned'>>({ type: oneOf('offers-pruned'), at: readTime }),
)

const readHistory: Reader<PriceHistory> = objectOf<PriceHistory>({
  series: listOf(
    objectOf<PriceSeries>({
      skill: readWord,
      currency: readCurrency,
      samples: listOf(
        objectOf<PriceSample>({ priceNanos: readNanos, weight: readCount, isHeard: oneOf(true, false), at: readTime }),
        PRICES_MAX + HEARD_PRICES_MAX,
      ),
    }),
    SERIES_MAX,
  ),
})

export function formatDirectoryEvent(event: DirectoryEvent): JsonValue {
  return toJson(event)
}

/** Reads what `formatDirectoryEvent` wrote; `undefined` for anything else. */
export function parseDirectoryEvent(json: unknown): DirectoryEvent | undefined {
  const event = readEvent(json)
  return event === INVALID ? undefined : event
}

/** JSON of a directory, the same for equal ones. */
export function formatDirectoryState({ at, offers }: DirectoryState): JsonValue {
  return toJson({ at, offers: hashTrieEntries(offers).map(([, offer]) => offer) })
}

/** Reads what `formatDirectoryState` wrote; `undefined` for anything else. */
export function parseDirectoryState(json: unknown): DirectoryState | undefined {
  const read = readDirectory(json)
  if (read === INVALID) return undefined
  let offers = emptyHashTrie<StandingOffer>()
  for (const offer of read.offers) offers = hashTrieSet(offers, offer.id, offer)
  return { at: read.at, offers }
}

export function formatPriceHistory(history: PriceHistory): JsonValue {
  return toJson(history)
}

/** Reads what `formatPriceHistory` wrote; `undefined` for anything else. */
export function parsePriceHistory(json: unknown): PriceHistory | undefined {
  const history = readHistory(json)
  return history === INVALID ? undefined : history
}
