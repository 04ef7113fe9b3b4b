import { amountToUsd, formatAmount } from '../../base/money.ts'
import type { RoutedStream, RouteResult } from '../../ports/router.ts'

const HEADER_LENGTH_MAX = 512

/** Headers of a whole answer: what answered, what it cost, and why. Names and values alternate. Costs that are not known have no header. */
export function formatResultHeaders(result: RouteResult): string[] {
  const headers = formatKnownHeaders(result)
  if (result.costNanos !== undefined) headers.push('x-kernell-cost-usd', formatAmount(result.costNanos))
  if (result.premiumCostNanos !== undefined)
    headers.push('x-kernell-premium-cost-usd', formatAmount(result.premiumCostNanos))
  if (result.verification?.isAccepted === false) headers.push('x-kernell-accepted', 'false')
  return headers
}

/** Headers of a streamed answer: what is known before its first byte. */
export function formatStreamHeaders(stream: RoutedStream): string[] {
  const headers = formatKnownHeaders(stream)
  headers.push('x-kernell-buffered', String(stream.isBuffered))
  return headers
}

type Known = Pick<RouteResult, 'taskId' | 'route' | 'tier' | 'modelId' | 'provider' | 'cache' | 'decision'>

function formatKnownHeaders(known: Known): string[] {
  const { isQualityMet } = known.decision
  return [
    'x-kernell-task-id',
    known.taskId,
    'x-kernell-route',
    known.route,
    'x-kernell-tier',
    known.tier,
    'x-kernell-model',
    headerText(known.modelId),
    'x-kernell-provider',
    headerText(known.provider),
    'x-kernell-cache',
    known.cache,
    'x-kernell-decision',
    formatDecision(known),
    ...(isQualityMet === undefined ? [] : ['x-kernell-quality-met', String(isQualityMet)]),
  ]
}

/**
 * The decision in one line: `route=cheap confidence=0.82 risk=low difficulty=2 plan=a,b policy=priors-1`. Where the cache or an exact tool
 * answered nothing was decided, and the line says which of the two it was.
 */
function formatDecision({ decision, tier }: Known): string {
  if (tier === 'cache') return 'cache'
  if (tier === 'deterministic') return 'tool'
  const plan = decision.plan.map((step) => step.modelId).join(',')
  const confidence = Math.round(decision.confidence * 1000) / 1000
  return headerText(
    `route=${decision.route} confidence=${confidence} risk=${decision.risk} difficulty=${decision.difficulty} plan=${plan} policy=${decision.policyVersion}`,
  )
}

/** Text that may stand in a header: printable ASCII, everything else as `?`. */
function headerText(text: string): string {
  const short = text.length > HEADER_LENGTH_MAX ? text.slice(0, HEADER_LENGTH_MAX) : text
  return /[^\x20-\x7e]/.test(short) ? short.replace(/[^\x20-\x7e]/g, '?') : short
}

/** The member `kernell` at the end of a stream: what the headers of a whole answer say, and what only the end can tell. */
export function summarizeResult(result: RouteResult): Readonly<Record<string, string | number | boolean | null>> {
  return {
    task_id: result.taskId,
    route: result.route,
    tier: result.tier,
    model: result.modelId,
    provider: result.provider,
    cache: result.cache,
    cost_usd: result.costNanos === undefined ? null : amountToUsd(result.costNanos),
    premium_cost_usd: result.premiumCostNanos === undefined ? null : amountToUsd(result.premiumCostNanos),
    is_cost_estimated: result.isCostEstimated,
    latency_ms: Math.round(result.latencyMs),
    attempts: result.attempts.length,
    is_accepted: result.verification?.isAccepted ?? null,
  }
}
