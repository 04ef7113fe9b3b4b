import { amountFromUsd, amountToUsd, type Amount } from '../../base/money.ts'
import type { DecisionRecord } from '../routing/decision-record.ts'
import type { TaskRisk, TaskRoute } from '../routing/task-outcome.ts'
import { overrideReason } from './safety-override.ts'

/** A decision as policies exchange it: what a model, another node or a client says about a task. */
export type PolicyDecision = {
  readonly route: TaskRoute
  /** 0 to 1. */
  readonly confidence: number
  readonly needsDecomposition: boolean
  readonly risk: TaskRisk
  readonly expectedCostNanos: Amount
  /** Seconds, 0 or more. */
  readonly expectedLatencyS: number
  /** 0: nothing bounds the task. */
  readonly maxBudgetNanos: Amount
  readonly policyVersion: string
}

/** The contract's field names. `_usd` fields are numbers rounded to 1e-9; they are read into amounts before anything is decided by them. */
export type PolicyDecisionDocument = {
  readonly route: TaskRoute
  readonly confidence: number
  readonly needs_decomposition: boolean
  readonly risk: TaskRisk
  readonly expected_cost_usd: number
  readonly expected_latency_s: number
  readonly max_budget_usd: number
  readonly policy_version: string
}

/** A decision that was read, or the first field that is wrong, by its name in the document (empty for the document itself), and what it has to be. */
export type ParsedPolicyDecision =
  | { readonly kind: 'decision'; readonly decision: PolicyDecision }
  | { readonly kind: 'refused'; readonly field: string; readonly problem: string }

const ROUTES: readonly TaskRoute[] = ['local', 'cheap', 'premium', 'hybrid']
const RISKS: readonly TaskRisk[] = ['low', 'medium', 'high']

/** What stands where a policy failed, timed out or is disabled: hybrid, confidence 0.5, decomposition, medium risk, no cost. */
export const FALLBACK_DECISION: PolicyDecision = {
  route: 'hybrid',
  confidence: 0.5,
  needsDecomposition: true,
  risk: 'medium',
  expectedCostNanos: 0n as Amount,
  expectedLatencyS: 0,
  maxBudgetNanos: 0n as Amount,
  policyVersion: 'fallback',
}

/**
 * Reads a decision document. Missing fields take the contract's defaults (route hybrid, confidence 0.5, risk medium, decomposition
 * exactly when the route is hybrid, no cost). A field of another type or out of range is refused, never bent into shape: the
 * text `"false"` is not true, and a confidence of 1.2 is not 1.
 */
export function parsePolicyDecision(value: unknown): ParsedPolicyDecision {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused('', 'a decision is an object')
  const fields = value as Readonly<Record<string, unknown>>
  const route = fields['route'] ?? 'hybrid'
  if (!isOneOf(ROUTES, route)) return refused('route', 'one of local, cheap, premium, hybrid')
  const risk = fields['risk'] ?? 'medium'
  if (!isOneOf(RISKS, risk)) return refused('risk', 'one of low, medium, high')
  const confidence = fields['confidence'] ?? 0.5
  if (!isWithin(confidence, 1)) return refused('confidence', 'a number from 0 to 1')
  const needsDecomposition = fields['needs_decomposition'] ?? route === 'hybrid'
  if (typeof needsDecomposition !== 'boolean') return refused('needs_decomposition', 'true or false')
  const expectedLatencyS = fields['expected_latency_s'] ?? 0
  if (!isWithin(expectedLatencyS, Number.MAX_VALUE))
    return refused('expected_latency_s', 'a number of seconds, 0 or more')
  const expectedCostNanos = readUsd(fields['expected_cost_usd'])
  if (expectedCostNanos === undefined) return refused('expected_cost_usd', 'a number of dollars, 0 or more')
  const maxBudgetNanos = readUsd(fields['max_budget_usd'])
  if (maxBudgetNanos === undefined) return refused('max_budget_usd', 'a number of dollars, 0 or more')
  const policyVersion = fields['policy_version'] ?? 'unknown'
  if (typeof policyVersion !== 'string') return refused('policy_version', 'a text')
  return {
    kind: 'decision',
    decision: {
      route,
      confidence,
      needsDecomposition,
      risk,
      expectedCostNanos,
      expectedLatencyS,
      maxBudgetNanos,
      policyVersion,
    },
  }
}

/** The decision with the field names of the contract. */
export function formatPolicyDecision(decision: PolicyDecision): PolicyDecisionDocument {
  return {
    route: decision.route,
    confidence: decision.confidence,
    needs_decomposition: decision.needsDecomposition,
    risk: decision.risk,
    expected_cost_usd: amountToUsd(decision.expectedCostNanos),
    expected_latency_s: decision.expectedLatencyS,
    max_budget_usd: amountToUsd(decision.maxBudgetNanos),
    policy_version: decision.policyVersion,
  }
}

/** The contract's view of a decision record; an unknown cost reads as 0 there. */
export function policyDecisionOf(record: DecisionRecord): PolicyDecision {
  return {
    route: record.route,
    confidence: record.confidence,
    needsDecomposition: record.needsDecomposition,
    risk: record.risk,
    expectedCostNanos: record.expectedCostNanos ?? FALLBACK_DECISION.expectedCostNanos,
    expectedLatencyS: record.expectedLatencyS,
    maxBudgetNanos: record.maxBudgetNanos ?? FALLBACK_DECISION.maxBudgetNanos,
    policyVersion: record.policyVersion,
  }
}

/** Applies the safety override: an unsafe decision becomes hybrid with decomposition; any other is returned as it is. */
export function overrideUnsafe(decision: PolicyDecision): PolicyDecision {
  return overrideReason(decision) === undefined ? decision : { ...decision, route: 'hybrid', needsDecomposition: true }
}

function readUsd(value: unknown): Amount | undefined {
  if (value === undefined || value === null) return FALLBACK_DECISION.expectedCostNanos
  return typeof value === 'number' ? amountFromUsd(value) : undefined
}

function isWithin(value: unknown, most: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= most
}

function isOneOf<Name extends string>(names: readonly Name[], value: unknown): value is Name {
  return names.some((name) => name === value)
}

function refused(field: string, problem: string): ParsedPolicyDecision {
  return { kind: 'refused', field, problem }
}
