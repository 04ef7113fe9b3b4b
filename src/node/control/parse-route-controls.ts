import { amountFromUsd } from '../../base/money.ts'
import type { ExecutionTier } from '../../core/routing/task-outcome.ts'
import type { RouteControls } from '../../ports/router.ts'
import { invalidRequest } from './control-request.ts'

/** Words of `x-kernell-allow` that stand for tiers: the tiers' own names and three short forms. */
const TIERS_OF_WORD: Readonly<Record<ExecutionTier | 'local' | 'cheap' | 'premium', readonly ExecutionTier[]>> = {
  cache: ['cache'],
  deterministic: ['deterministic'],
  local_nano: ['local_nano'],
  local_small: ['local_small'],
  local_medium: ['local_medium'],
  local_large: ['local_large'],
  peer: ['peer'],
  cheap_api: ['cheap_api'],
  premium_api: ['premium_api'],
  local: ['local_nano', 'local_small', 'local_medium', 'local_large'],
  cheap: ['cheap_api'],
  premium: ['premium_api'],
}

/** Models that one request may name to stand in. */
const FALLBACKS_MAX = 8

const CACHE_MODES = ['default', 'no-store', 'no-read', 'refresh', 'off'] as const

export type ControlHeaders = { readonly [name: string]: string | readonly string[] | undefined }

export type ControlContext = {
  /** Names of the providers that this node knows. */
  readonly providers: ReadonlySet<string>
  /** Tiers that the caller's key is limited to; absent: all. */
  readonly keyTiers: readonly ExecutionTier[] | undefined
}

/**
 * Reads the `x-kernell-*` headers of a request.
 *
 * Throws `REQUEST_INVALID` naming the header. A name in `x-kernell-allow` that is neither a tier nor a provider of this node is refused: a
 * misspelt limit must not become no limit.
 */
export function parseRouteControls(headers: ControlHeaders, context: ControlContext): RouteControls {
  const maxCost = single(headers, 'x-kernell-max-cost-usd')
  const quality = single(headers, 'x-kernell-quality')
  const allow = single(headers, 'x-kernell-allow')
  const cache = single(headers, 'x-kernell-cache')
  const conversation = single(headers, 'x-kernell-conversation')
  const fallbacks = single(headers, 'x-kernell-fallbacks')
  if ((maxCost ?? quality ?? allow ?? cache ?? conversation ?? fallbacks) === undefined)
    return context.keyTiers === undefined ? NO_CONTROLS : { tiers: context.keyTiers }
  return {
    ...(maxCost !== undefined && { maxCostNanos: parseMaxCost(maxCost) }),
    ...(quality !== undefined && { quality: parseQuality(quality) }),
    ...parseAllow(allow, context),
    ...(cache !== undefined && { cache: parseCacheMode(cache) }),
    ...(conversation !== undefined && { conversation: parseConversation(conversation) }),
    ...(fallbacks !== undefined && { fallbacks: parseFallbacks(fallbacks) }),
  }
}

const NO_CONTROLS: RouteControls = {}

function single(headers: ControlHeaders, name: string): string | undefined {
  const value = headers[name]
  if (value === undefined || typeof value === 'string') return value
  throw invalidRequest(name, `${name} may be sent once`)
}

function parseMaxCost(text: string): NonNullable<RouteControls['maxCostNanos']> {
  const amount = /^\d/.test(text) ? amountFromUsd(text) : undefined
  if (amount === undefined)
    throw invalidRequest(
      'x-kernell-max-cost-usd',
      'x-kernell-max-cost-usd must be a decimal number of dollars, 0 or more',
    )
  return amount
}

function parseQuality(text: string): number {
  const quality = /^(?:0|1|0?\.\d{1,15}|[01]\.\d{1,15})$/.test(text) ? Number(text) : Number.NaN
  if (!(quality >= 0 && quality <= 1))
    throw invalidRequest('x-kernell-quality', 'x-kernell-quality must be a number from 0 to 1')
  return quality
}

function parseConversation(text: string): string {
  if (/^[!-~]{1,128}$/.test(text)) return text
  throw invalidRequest(
    'x-kernell-conversation',
    'x-kernell-conversation must be 1 to 128 printable ASCII characters without spaces',
  )
}

function parseFallbacks(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.length <= FALLBACKS_MAX && names.every((name) => /^[!-~]{1,256}$/.test(name))) return names
  throw invalidRequest('x-kernell-fallbacks', `x-kernell-fallbacks must be 1 to ${FALLBACKS_MAX} names of models`)
}

function parseCacheMode(text: string): NonNullable<RouteControls['cache']> {
  const words = new Set(text.split(',').map((word) => word.trim()))
  // Both together mean neither, as with the directives of HTTP.
  if (words.size === 2 && words.has('no-store') && words.has('no-read')) return 'off'
  const mode = words.size === 1 ? CACHE_MODES.find((candidate) => words.has(candidate)) : undefined
  if (mode === undefined)
    throw invalidRequest('x-kernell-cache', `x-kernell-cache must be one of ${CACHE_MODES.join(', ')}`)
  return mode
}

function parseAllow(
  text: string | undefined,
  context: ControlContext,
): Pick<RouteControls, 'tiers' | 'providers' | 'isLocalOnly'> {
  if (text === undefined) return context.keyTiers === undefined ? {} : { tiers: context.keyTiers }
  const tiers = new Set<ExecutionTier>()
  const providers = new Set<string>()
  let isLocalOnly = false
  for (const part of text.split(',')) {
    const word = part.trim()
    if (word === 'local-only') isLocalOnly = true
    else if (isTierWord(word)) for (const tier of TIERS_OF_WORD[word]) tiers.add(tier)
    else if (context.providers.has(word)) providers.add(word)
    else
      throw invalidRequest(
        'x-kernell-allow',
        'x-kernell-allow holds a name that is neither a tier, a provider of this node, nor local-only',
      )
  }
  const allowed = limitToKey(tiers, context.keyTiers)
  return {
    ...(allowed !== undefined && { tiers: allowed }),
    ...(providers.size > 0 && { providers: [...providers] }),
    ...(isLocalOnly && { isLocalOnly }),
  }
}

function limitToKey(
  asked: ReadonlySet<ExecutionTier>,
  keyTiers: readonly ExecutionTier[] | undefined,
): readonly ExecutionTier[] | undefined {
  if (asked.size === 0) return keyTiers
  if (keyTiers === undefined) return [...asked]
  const allowed = keyTiers.filter((tier) => asked.has(tier))
  if (allowed.length === 0)
    throw invalidRequest('x-kernell-allow', 'x-kernell-allow asks only for tiers that this key may not use')
  return allowed
}

function isTierWord(word: string): word is keyof typeof TIERS_OF_WORD {
  return Object.hasOwn(TIERS_OF_WORD, word)
}
