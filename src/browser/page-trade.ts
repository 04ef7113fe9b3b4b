import { CodedError } from '../base/errors.ts'
import { amountFromNanos } from '../base/money.ts'
import { durationFromMs, timestampFromMs } from '../base/time.ts'
import { type EscrowTimers, TIMER_NAMES } from '../core/escrow/escrow-terms.ts'
import { type Currency, parseCurrency } from '../core/ledger/ledger-names.ts'
import { OFFER_VALIDITY_MS_MAX, type OfferTerms } from '../core/market/offer-directory.ts'
import type { BuyRequest } from '../market/parties/buying/buy-order.ts'
import type { UsableParameters } from '../market/parties/parameters/usable-parameters.ts'
import type { MarketWorker } from '../market/parties/role/market-worker.ts'
import type { Timestamp } from '../base/time.ts'

/** What a page wants to buy, at the best standing offer. */
export type PageOrder = Pick<BuyRequest, 'skill' | 'predicate' | 'sellers' | 'filter' | 'acceptsAlone'> & {
  /** The same key with the same order is the same purchase, also when the page was closed in between. 1 to 128 printable ASCII characters. */
  readonly key: string
  readonly input: Uint8Array
  /** The most that it may cost, in nano-units of the currency. */
  readonly maxNanos: bigint
  /** `CODE@DID` of its issuer. */
  readonly currency: string
  /** Default `C2`: the notary set holds the price. */
  readonly custody?: 'C2' | 'C3'
  /** Spans that differ from those that the notary set's parameters give. Milliseconds. */
  readonly timers?: Readonly<Partial<Record<keyof EscrowTimers, number>>>
}

/** What a page sells. */
export type PageOffer = {
  /** One of the `workers` of the page. */
  readonly skill: string
  readonly priceNanos: bigint
  /** `CODE@DID` of its issuer. */
  readonly currency: string
  /** How long the work takes, about. Default a second. */
  readonly latencyMs?: number
  /** Tasks at one time. Default 1. */
  readonly capacity?: number
  /** Default, and at most, 30 days. */
  readonly validMs?: number
}

/** What fits one question: larger inputs are for sellers with more room than a page has. */
const INPUT_BYTES_MAX = 900_000
const LATENCY_MS_DEFAULT = 1_000
const SKILL = /^[a-z][a-z0-9._/-]{0,63}$/
/** What an offer made again may end later than the one that stands, and be the same. */
const LONGER_MS_MAX = 60_000
/** Before the name of a skill: who does its work. */
const AGENT = 'page:'

/** The name under which a skill's worker is kept: no built-in worker has such a name. */
export function agentOf(skill: string): string {
  return `${AGENT}${skill}`
}

export function findPageWorker(
  workers: Readonly<Record<string, MarketWorker>>,
  agent: string,
): MarketWorker | undefined {
  const skill = agent.startsWith(AGENT) ? agent.slice(AGENT.length) : ''
  return Object.hasOwn(workers, skill) ? workers[skill] : undefined
}

/** Throws `REQUEST_INVALID`. */
export function buyRequestOf(order: PageOrder, parameters: UsableParameters): BuyRequest {
  const { key, skill, input, maxNanos, currency, custody = 'C2', timers } = order
  const { predicate, sellers, filter, acceptsAlone } = order
  return {
    idempotencyKey: key,
    skill: skillOf(skill),
    input,
    maxNanos: amountOf(maxNanos, 'maxNanos'),
    currency: currencyOf(currency),
    custody,
    ...(timers !== undefined && fitted(timers, parameters)),
    ...(predicate !== undefined && { predicate }),
    ...(sellers !== undefined && { sellers }),
    ...(filter !== undefined && { filter }),
    ...(acceptsAlone !== undefined && { acceptsAlone }),
  }
}

/** Throws `REQUEST_INVALID`. */
export function offerTermsOf(offer: PageOffer, now: Timestamp): OfferTerms {
  const validMs = Math.min(OFFER_VALIDITY_MS_MAX, offer.validMs ?? OFFER_VALIDITY_MS_MAX)
  return {
    skill: skillOf(offer.skill),
    currency: currencyOf(offer.currency),
    priceNanos: amountOf(offer.priceNanos, 'priceNanos'),
    latencyMs: durationFromMs(offer.latencyMs ?? LATENCY_MS_DEFAULT),
    inputBytesMax: INPUT_BYTES_MAX,
    capabilities: [],
    validFrom: now,
    validUntil: timestampFromMs(now + validMs),
    capacity: offer.capacity ?? 1,
  }
}

/** Whether an offer that is asked for is the one that stands: they say the same, and it is not to stand noticeably longer. */
export function isSameOffer(one: OfferTerms, other: OfferTerms): boolean {
  return (
    other.validUntil - one.validUntil <= LONGER_MS_MAX &&
    one.skill === other.skill &&
    one.currency === other.currency &&
    one.priceNanos === other.priceNanos &&
    one.latencyMs === other.latencyMs &&
    one.capacity === other.capacity
  )
}

function fitted(
  timers: NonNullable<PageOrder['timers']>,
  parameters: UsableParameters,
): ReturnType<UsableParameters['fit']> {
  const asked = TIMER_NAMES.filter((name) => timers[name] !== undefined)
  const changed = Object.fromEntries(asked.map((name) => [name, durationFromMs(timers[name] ?? 0)]))
  return parameters.fit({ timers: { ...parameters.timers, ...changed }, asked: new Set(asked) })
}

function skillOf(text: string): string {
  if (SKILL.test(text)) return text
  throw invalid('skill', 'a skill is a word such as text.word-count: small letters, digits, and . _ / -')
}

function currencyOf(text: string): Currency {
  const currency = parseCurrency(text)
  if (currency !== undefined) return currency
  throw invalid('currency', 'write CODE@DID, with the DID of the issuer')
}

function amountOf(nanos: bigint, param: string): BuyRequest['maxNanos'] {
  if (typeof nanos === 'bigint' && nanos > 0n) return amountFromNanos(nanos)
  throw invalid(param, 'an amount is a bigint above 0')
}

function invalid(param: string, why: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message: `${param}: ${why}`, details: { param } })
}
