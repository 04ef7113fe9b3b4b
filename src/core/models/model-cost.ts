import { amountFromNanos, type Amount } from '../../base/money.ts'
import type { CivilDate } from './civil-date.ts'
import { divideHalfEven } from './decimal-scaling.ts'
import { isLocalTier, type ModelEntry, type ModelPrice, type TokenPrices } from './model-entry.ts'

const TOKENS_PER_PRICE_UNIT = 1_000_000n

/** Tokens of one call as the provider counted them. All are whole numbers, 0 or more. */
export type TokenUsage = {
  /** Every prompt token, cached ones included. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Part of `inputTokens` that the provider read from its prompt cache. */
  readonly cachedInputTokens?: number
  /** Part of `inputTokens` that the provider wrote to its prompt cache. */
  readonly cacheWriteTokens?: number
}

const FREE: ModelPrice = {
  inputNanosPerMillion: 0n,
  outputNanosPerMillion: 0n,
  contextTiers: [],
  source: 'runs on this machine',
  checkedOn: '1970-01-01' as CivilDate,
}

/**
 * The price that applies on a day.
 *
 * @returns A known zero for local tiers without a price of their own (an operator may price electricity); `undefined` when
 *   the price is unknown on that day, which is never to be read as zero. Among overlapping versions the latest start wins.
 */
export function priceOnDate(entry: Pick<ModelEntry, 'prices' | 'tier'>, today: CivilDate): ModelPrice | undefined {
  let best: ModelPrice | undefined
  for (const price of entry.prices) {
    if (price.validFrom !== undefined && price.validFrom > today) continue
    if (price.validUntil !== undefined && price.validUntil <= today) continue
    if (best === undefined || (price.validFrom ?? '') >= (best.validFrom ?? '')) best = price
  }
  return best ?? (isLocalTier(entry.tier) && entry.prices.length === 0 ? FREE : undefined)
}

/** The prices for a prompt of this many tokens: the last context tier that it exceeds, else the base. */
export function tokenPricesFor(price: ModelPrice, inputTokens: number): TokenPrices {
  let applicable: TokenPrices = price
  for (const tier of price.contextTiers) if (inputTokens > tier.aboveTokens) applicable = tier
  return applicable
}

/**
 * Cost of one call, the price of the call itself included, summed exactly and rounded once, half to even, to a nano-dollar.
 *
 * Throws `RangeError` when a count is not a whole number of 0 or more, or when the parts exceed the whole prompt.
 */
export function costOfUsage(price: ModelPrice, usage: TokenUsage): Amount {
  const cached = usage.cachedInputTokens ?? 0
  const written = usage.cacheWriteTokens ?? 0
  const plain = usage.inputTokens - cached - written
  for (const count of [plain, cached, written, usage.outputTokens]) {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`Not a token count: ${count}`)
  }
  const prices = tokenPricesFor(price, usage.inputTokens)
  const exact =
    BigInt(plain) * prices.inputNanosPerMillion +
    BigInt(cached) * (prices.cachedInputNanosPerMillion ?? prices.inputNanosPerMillion) +
    BigInt(written) * (prices.cacheWriteNanosPerMillion ?? prices.inputNanosPerMillion) +
    BigInt(usage.outputTokens) * prices.outputNanosPerMillion
  return amountFromNanos((price.callNanos ?? 0n) + divideHalfEven(exact, TOKENS_PER_PRICE_UNIT))
}

/** Cost of a call to a model on a day, or `undefined` when its price is unknown. */
export function costOnDate(
  entry: Pick<ModelEntry, 'prices' | 'tier'>,
  usage: TokenUsage,
  today: CivilDate,
): Amount | undefined {
  const price = priceOnDate(entry, today)
  return price === undefined ? undefined : costOfUsage(price, usage)
}
