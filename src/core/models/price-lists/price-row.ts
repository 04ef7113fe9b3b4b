import type { CivilDate } from '../civil-date.ts'
import { scaleDecimal } from '../decimal-scaling.ts'
import type { ContextTier, ModelPrice } from '../model-entry.ts'

/** Public lists that `kernell models import` reads. */
export const PRICE_LIST_FORMATS = ['litellm', 'openrouter', 'genai-prices', 'portkey'] as const

/** Who publishes a price list; it decides the units that its figures are in, which are read into nano-dollars per million tokens. */
export type PriceListFormat = (typeof PRICE_LIST_FORMATS)[number]

/** Where a list came from; written into every price. */
export type PriceListOrigin = {
  /** For people: `litellm list of 2026-08-01`. */
  readonly source: string
  readonly checkedOn: CivilDate
  /** The provider that a Portkey file is about; its files do not say. */
  readonly provider?: string
}

/** One priced model of a list, in the project's own units. */
export type PriceRow = {
  readonly provider: string
  readonly model: string
  /** At least one, each with its dates. */
  readonly prices: readonly ModelPrice[]
  readonly contextTokens?: number
  readonly outputTokensMax?: number
  readonly supports?: {
    readonly tools?: boolean
    readonly vision?: boolean
    readonly jsonSchema?: boolean
  }
}

/** Why a row of a list was not taken. */
export type RefusalReason =
  | 'not-an-object'
  | 'no-name'
  | 'price-missing'
  | 'price-not-a-number'
  | 'price-negative'
  | 'price-absurd'
  | 'price-zero'

export type RefusedRow = { readonly name: string; readonly reason: RefusalReason }

/** What could be read of a public price list: its entries are rows, refused with a reason, or counted as skipped. */
export type ParsedPriceList = {
  readonly rows: readonly PriceRow[]
  readonly refused: readonly RefusedRow[]
  /** Entries of other kinds (images, speech, embeddings without an output price) that a chat price list has no use for. */
  readonly skippedCount: number
}

/** Above one thousand dollars per million tokens a figure is a mistake of units: the dearest model sold costs six hundred. */
export const PRICE_NANOS_PER_MILLION_MAX: bigint = 1_000_000_000_000n

/** Powers of ten from a list's unit to nano-dollars per million tokens. */
export const SCALE = { usdPerToken: 15, centsPerToken: 13, usdPerMillion: 9 } as const

/** A price read from a list, or the reason why it cannot be one. */
export type ReadPrice = { readonly nanos: bigint } | { readonly reason: RefusalReason }

/** Reads one figure of a list; `exponent` is the power of ten from the list's unit to nano-dollars per million tokens. */
export function readPrice(value: unknown, exponent: number): ReadPrice {
  if (value === undefined || value === null || value === '') return { reason: 'price-missing' }
  if (typeof value !== 'number' && typeof value !== 'string') return { reason: 'price-not-a-number' }
  const nanos = scaleDecimal(value, exponent)
  if (nanos === undefined) return { reason: 'price-not-a-number' }
  if (nanos < 0n) return { reason: 'price-negative' }
  return nanos > PRICE_NANOS_PER_MILLION_MAX ? { reason: 'price-absurd' } : { nanos }
}

/** A figure that a row may lack, such as the cached price: anything that is not a sound price counts as absent. */
export function readOptionalPrice(value: unknown, exponent: number): bigint | undefined {
  const read = readPrice(value, exponent)
  return 'nanos' in read ? read.nanos : undefined
}

export type RawPrices = {
  readonly input: unknown
  readonly output: unknown
  readonly cachedInput?: unknown
  readonly cacheWrite?: unknown
}

export type PriceContext = {
  readonly exponent: number
  readonly source: string
  readonly checkedOn: ModelPrice['checkedOn']
  /** Whether this row may cost nothing: local runtimes, and models that the list itself marks as free. */
  readonly mayBeFree: boolean
}

/** The base price of a row, or the reason to refuse the row. A price list's zero for a paid model means that nobody wrote it down. */
export function readBasePrice(raw: RawPrices, context: PriceContext): ModelPrice | RefusalReason {
  const input = readPrice(raw.input, context.exponent)
  if ('reason' in input) return input.reason
  const output = readPrice(raw.output, context.exponent)
  if ('reason' in output) return output.reason
  if (input.nanos === 0n && output.nanos === 0n && !context.mayBeFree) return 'price-zero'
  // Lists write 0 where a provider has no such price; taken at its word it would make cached tokens free.
  const cachedInput = readOptionalPrice(raw.cachedInput, context.exponent) || undefined
  const cacheWrite = readOptionalPrice(raw.cacheWrite, context.exponent) || undefined
  return {
    inputNanosPerMillion: input.nanos,
    outputNanosPerMillion: output.nanos,
    ...(cachedInput !== undefined && { cachedInputNanosPerMillion: cachedInput }),
    ...(cacheWrite !== undefined && { cacheWriteNanosPerMillion: cacheWrite }),
    contextTiers: [],
    source: context.source,
    checkedOn: context.checkedOn,
  }
}

/** Adds context tiers to a price, ascending; a tier that lacks a figure takes it from the base. */
export function withContextTiers(
  price: ModelPrice,
  tiers: Iterable<Partial<ContextTier> & { aboveTokens: number }>,
): ModelPrice {
  const {
    contextTiers: _replaced,
    validFrom: _from,
    validUntil: _until,
    source: _source,
    checkedOn: _checked,
    ...base
  } = price
  const complete = [...tiers].map((tier): ContextTier => ({ ...base, ...tier }))
  return { ...price, contextTiers: complete.sort((left, right) => left.aboveTokens - right.aboveTokens) }
}

/** Whether a value is a plain JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A whole number of tokens of 1 or more, or nothing. Lists write 2000000.0 as well as 2000000. */
export function readTokenCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}
