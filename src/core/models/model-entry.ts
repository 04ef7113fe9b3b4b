import type { OfferSource } from '../peer-tier/peer-offer.ts'
import type { CivilDate } from './civil-date.ts'

/** Execution tiers that a model can belong to, from the smallest local model to the dearest API. */
export const MODEL_TIERS = [
  'local_nano',
  'local_small',
  'local_medium',
  'local_large',
  'cheap_api',
  'premium_api',
] as const

/** Where a model runs, and how large or dear it is. Tasks are escalated along the order of `MODEL_TIERS` (`modelTierRank`). */
export type ModelTier = (typeof MODEL_TIERS)[number]

/** Where an answer can be had: from a model of the operator's, or from a peer that sells it. No registry and no plan of steps names a peer. */
export type CandidateTier = ModelTier | 'peer'

/** TRIVIAL 1, EASY 2, MEDIUM 3, HARD 4, EXPERT 5. */
export type ModelDifficulty = 1 | 2 | 3 | 4 | 5

export type ModelSpecialty = 'code' | 'reasoning' | 'data' | 'creative' | 'general' | 'math'

/**
 * Prices in nano-dollars per million tokens (1 dollar = 1_000_000_000n). A known zero is a free model; a model whose price
 * is not known has no `ModelPrice` at all.
 */
export type TokenPrices = {
  readonly inputNanosPerMillion: bigint
  readonly outputNanosPerMillion: bigint
  /** Input tokens read from the provider's prompt cache. Absent: charged like any other input token. */
  readonly cachedInputNanosPerMillion?: bigint
  /** Input tokens written to the provider's prompt cache. Absent: charged like any other input token. */
  readonly cacheWriteNanosPerMillion?: bigint
}

/** Prices for the whole request once its prompt is longer than `aboveTokens` tokens. */
export type ContextTier = TokenPrices & { readonly aboveTokens: number }

/** One version of a model's price, with its dates and where it was read; `priceOnDate` finds the one that applies on a day. */
export type ModelPrice = TokenPrices & {
  /** Ascending by `aboveTokens`; the last one exceeded applies. */
  readonly contextTiers: readonly ContextTier[]
  /** Nano-dollars of each call, whatever its length. Absent: a call costs its tokens alone. */
  readonly callNanos?: bigint
  /** First day on which this price applies; absent means since the model exists. */
  readonly validFrom?: CivilDate
  /** First day on which it no longer applies; absent means open. */
  readonly validUntil?: CivilDate
  /** Where the figure was read, for people: a list with its date, or `operator`. */
  readonly source: string
  /** Day on which the source was read; staleness counts from here. */
  readonly checkedOn: CivilDate
}

/** What a model can be asked for beside plain text. One that lacks what a request needs is no candidate for it (`filterByCapability`). */
export type ModelCapabilities = {
  readonly tools: boolean
  readonly vision: boolean
  readonly jsonSchema: boolean
  readonly logprobs: boolean
  readonly streaming: boolean
}

/** Bytes of memory that the weights and a usual context need, by quantisation. */
export type ModelMemory = { readonly q4Bytes?: number; readonly q8Bytes?: number; readonly fp16Bytes?: number }

export type Quantisation = 'q4' | 'q8' | 'fp16'

/** What this node saw; it replaces priors. Each figure is absent until measured. */
export type ModelMeasurements = {
  /** Share of accepted answers, 0..1. */
  readonly quality?: number
  /** Median time to the complete answer. */
  readonly latencyMs?: number
  readonly tokensPerSecond?: number
}

/** What is known of a bought answer besides its price. */
export type PeerTerms = {
  /** Nano-dollars that a purchase is expected to cost on top of its price: its checks, and the money that is tied up. Weighed, never charged. */
  readonly overheadNanos: bigint
  /** Share of wrong answers, 0 to 1, that the checks of this peer's answers are expected to catch. */
  readonly caughtShare: number
  /** How this node knows the offer. */
  readonly source: OfferSource
}

/** One model that a task can be sent to. */
export type ModelEntry = {
  /** Unique in the registry, by convention `provider/model`. */
  readonly id: string
  /** Name of the configured provider that serves it: `openai`, `anthropic`, `ollama`, `gguf`, ... */
  readonly provider: string
  /** The name that the provider's own interface takes. */
  readonly model: string
  readonly tier: CandidateTier
  /** Billions of parameters; absent when the maker does not publish them. */
  readonly parametersBillions?: number
  readonly memory?: ModelMemory
  readonly difficultyMax: ModelDifficulty
  readonly specialties: readonly ModelSpecialty[]
  /** All known versions of the price, any order. Empty: the price is unknown, and that is not zero. */
  readonly prices: readonly ModelPrice[]
  /** Prompt and answer together; absent when unknown. */
  readonly contextTokens?: number
  readonly outputTokensMax?: number
  readonly capabilities: ModelCapabilities
  readonly measured?: ModelMeasurements
  /** Other names under which callers may ask for it. */
  readonly aliases: readonly string[]
  /** Name under which a trained policy knows this model; absent: its `model`. */
  readonly policyAs?: string
  /** Present exactly where the tier is `peer`. */
  readonly peer?: PeerTerms
}

const TIER_RANK: Readonly<Record<CandidateTier, number>> = {
  local_nano: 0,
  local_small: 1,
  local_medium: 2,
  local_large: 3,
  peer: 3.5,
  cheap_api: 4,
  premium_api: 5,
}

/** Position of a tier in the escalation chain, 0 (local_nano) to 5 (premium_api); a peer stands between the local models and the APIs. */
export function modelTierRank(tier: CandidateTier): number {
  return TIER_RANK[tier]
}

/** Whether the tier runs on the operator's own machine, at no price per token. */
export function isLocalTier(tier: CandidateTier): boolean {
  return tier !== 'peer' && TIER_RANK[tier] < TIER_RANK.cheap_api
}

/** The local tier for a number of parameters: nano up to 1 billion, small to 2, medium to 6, large above. */
export function localTierOfParameters(parametersBillions: number): ModelTier {
  if (parametersBillions <= 1) return 'local_nano'
  if (parametersBillions <= 2) return 'local_small'
  return parametersBillions < 6 ? 'local_medium' : 'local_large'
}
