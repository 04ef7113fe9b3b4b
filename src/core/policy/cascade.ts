import { amountFromNanos, type Amount } from '../../base/money.ts'
import { divideHalfEven } from '../models/decimal-scaling.ts'
import { modelTierRank, type ModelTier } from '../models/model-entry.ts'
import type { DecisionCandidate } from '../routing/decision-record.ts'

/** The opening of a plan: one model, or a cascade of two, where the second answers when the first is refused. */
export type Chain = { readonly first: DecisionCandidate; readonly second: DecisionCandidate | undefined }

/** Share of wrong answers that verification is assumed to catch: a cascade is worth less than its models. */
export const CAUGHT_SHARE = 0.5
/** A cascade waits twice, so it must save at least this share of the single call. */
const CASCADE_SAVING_MIN = 0.2
/** A first answer that is refused more often than not is not worth waiting for. */
const CASCADE_SUCCESS_MIN = 0.4
const PARTS_PER_UNIT = 1_000_000

/** P(accepted answer) of a cascade. */
export function chainedSuccess(opener: DecisionCandidate, second: DecisionCandidate): number {
  return opener.predictedSuccess + (1 - opener.predictedSuccess) * CAUGHT_SHARE * second.predictedSuccess
}

/** A cheaper model to ask first, when the chain keeps the bound and saves enough. */
export function cascadeOpener(
  starters: readonly DecisionCandidate[],
  second: DecisionCandidate,
  bound: number,
): DecisionCandidate | undefined {
  const single = second.expectedCostNanos
  if (single === undefined) return undefined
  let best: DecisionCandidate | undefined
  let bestCost = single
  for (const opener of starters) {
    const cost = opener.expectedCostNanos
    if (opener === second || cost === undefined || opener.predictedSuccess < CASCADE_SUCCESS_MIN) continue
    if (chainedSuccess(opener, second) < bound) continue
    const chained = chainedCost(opener, second)
    if (chained === undefined || chained >= bestCost || !savesEnough(chained, single)) continue
    best = opener
    bestCost = chained
  }
  return best
}

/** The cheapest cascade that meets the bound; one of unknown price only where no other does. `undefined` when none does. */
export function cheapestChain(
  openers: readonly DecisionCandidate[],
  seconds: readonly DecisionCandidate[],
  bound: number,
): Chain | undefined {
  let best: Chain | undefined
  let bestCost: Amount | undefined
  for (const first of openers) {
    for (const second of seconds) {
      if (!mayFollow(first, second) || chainedSuccess(first, second) < bound) continue
      const cost = chainedCost(first, second)
      const isCheaper = cost !== undefined && (bestCost === undefined || cost < bestCost)
      if (best !== undefined && !isCheaper) continue
      best = { first, second }
      bestCost = cost
    }
  }
  return best
}

/** The best predicted success of one model, or of two in a row. */
export function bestChain(openers: readonly DecisionCandidate[], seconds: readonly DecisionCandidate[]): number {
  let best = 0
  for (const first of openers) {
    best = Math.max(best, first.predictedSuccess)
    for (const second of seconds) if (mayFollow(first, second)) best = Math.max(best, chainedSuccess(first, second))
  }
  return best
}

/** A share of an amount, rounded to a nano-dollar. */
export function shareOf(amount: Amount, share: number): bigint {
  return divideHalfEven(amount * BigInt(Math.round(share * PARTS_PER_UNIT)), BigInt(PARTS_PER_UNIT))
}

function mayFollow(first: DecisionCandidate, second: DecisionCandidate): boolean {
  if (first === second || first.predictedSuccess < CASCADE_SUCCESS_MIN) return false
  return modelTierRank(second.tier as ModelTier) >= modelTierRank(first.tier as ModelTier)
}

function savesEnough(chained: Amount, single: Amount): boolean {
  return chained * BigInt(PARTS_PER_UNIT) <= single * BigInt(PARTS_PER_UNIT * (1 - CASCADE_SAVING_MIN))
}

function chainedCost(opener: DecisionCandidate, second: DecisionCandidate): Amount | undefined {
  if (opener.expectedCostNanos === undefined || second.expectedCostNanos === undefined) return undefined
  return amountFromNanos(opener.expectedCostNanos + shareOf(second.expectedCostNanos, 1 - opener.predictedSuccess))
}
