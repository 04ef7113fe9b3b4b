import { amountFromUsd } from '../../base/money.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'

/** What requests of one kind, from the same hands to the same model, came to. */
export type UsageFigures = {
  readonly requests: number
  readonly succeeded: number
  readonly cacheHits: number
  readonly tokensIn: number
  readonly tokensOut: number
  /** Nano-dollars of those whose cost is known. */
  readonly costNanos: bigint
  readonly withoutCost: number
  /** Nano-dollars, estimated; below zero where more was paid than the premium model would have cost. */
  readonly savedNanos: bigint
  readonly withSavings: number
  /** ISO 8601 instants. */
  readonly firstAt: string
  readonly lastAt: string
}

/** `task`: what has a record. `embedding`: texts that were embedded for a caller. */
export const USAGE_KINDS = ['task', 'embedding'] as const
export type UsageKind = (typeof USAGE_KINDS)[number]

/** What sums are told apart by, beside their time; `null` where it is not known or does not apply. */
export type UsageNames = {
  readonly kind: UsageKind
  readonly organisation: string | null
  readonly tenant: string | null
  readonly team: string | null
  readonly key: string | null
  readonly model: string | null
  readonly provider: string | null
  readonly route: string | null
  readonly tier: string
}

/** One request, or several of the same names, as they are counted. */
export type CountedUsage = { readonly names: UsageNames; readonly figures: UsageFigures }

/** A task; `undefined` without a time, by which it could be found again. */
export function usageOfRecord(event: TelemetryEvent): CountedUsage | undefined {
  const { timestamp } = event
  if (timestamp === null || !isInstant(timestamp)) return undefined
  const cost = event.cost_usd === null ? undefined : amountFromUsd(event.cost_usd)
  const premium = event.premium_cost_usd === undefined ? undefined : amountFromUsd(event.premium_cost_usd)
  const isCompared = cost !== undefined && premium !== undefined
  return {
    names: { kind: 'task', ...namesOfRecord(event) },
    figures: {
      requests: 1,
      succeeded: Number(event.success),
      cacheHits: Number(event.was_cached === true),
      tokensIn: event.tokens_in,
      tokensOut: event.tokens_out,
      costNanos: cost ?? 0n,
      withoutCost: Number(cost === undefined),
      savedNanos: isCompared ? premium - cost : 0n,
      withSavings: Number(isCompared),
      firstAt: timestamp,
      lastAt: timestamp,
    },
  }
}

/** What a task is told apart by. */
export function namesOfRecord(event: TelemetryEvent): Omit<UsageNames, 'kind'> {
  return {
    organisation: event.organisation ?? null,
    tenant: event.tenant,
    team: event.team ?? null,
    key: event.key_id ?? null,
    model: event.model_used,
    provider: event.api_provider,
    route: event.final_route_used,
    tier: event.actual_tier_used,
  }
}

export function addFigures(one: UsageFigures, other: UsageFigures): UsageFigures {
  return {
    requests: one.requests + other.requests,
    succeeded: one.succeeded + other.succeeded,
    cacheHits: one.cacheHits + other.cacheHits,
    tokensIn: one.tokensIn + other.tokensIn,
    tokensOut: one.tokensOut + other.tokensOut,
    costNanos: one.costNanos + other.costNanos,
    withoutCost: one.withoutCost + other.withoutCost,
    savedNanos: one.savedNanos + other.savedNanos,
    withSavings: one.withSavings + other.withSavings,
    firstAt: one.firstAt < other.firstAt ? one.firstAt : other.firstAt,
    lastAt: one.lastAt > other.lastAt ? one.lastAt : other.lastAt,
  }
}

/** The same names have the same text, others another one. */
export function usageIdOf(names: UsageNames): string {
  const { kind, organisation, tenant, team, key, model, provider, route, tier } = names
  return JSON.stringify([kind, organisation, tenant, team, key, model, provider, route, tier])
}

/** What names beyond those that are told apart are counted as. Tenants stay apart however many there are: they are the operator's own. */
export function otherNamesOf(names: UsageNames): UsageNames {
  return { ...names, team: OTHER, key: OTHER, model: OTHER, provider: OTHER }
}

const OTHER = 'other'
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:/

/** Years of other than four digits are not in the order of their texts. */
export function isInstant(text: string): boolean {
  return INSTANT.test(text)
}
