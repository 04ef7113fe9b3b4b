import { formatDuration, formatPercent, formatUsd } from '../base/format.ts'
import { addAmounts, amountToUsd, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { ExecutionTier } from '../core/routing/task-outcome.ts'
import { cutText, formatTable, type Column } from './format-table.ts'
import type { BatchOutcome, BatchTotals } from './run-batch.ts'
import type { TaskFigures } from './task-answer.ts'
import type { Terminal } from './terminal.ts'

/** All tiers, the cheapest first. */
export const TIER_ORDER: readonly ExecutionTier[] = [
  'cache',
  'deterministic',
  'local_nano',
  'local_small',
  'local_medium',
  'local_large',
  'peer',
  'cheap_api',
  'premium_api',
]

const COLUMNS: readonly Column[] = [
  { heading: 'tier' },
  { heading: 'tasks', align: 'right' },
  { heading: 'share', align: 'right' },
  { heading: 'cost', align: 'right' },
  { heading: 'premium', align: 'right' },
  { heading: 'saved', align: 'right' },
  { heading: 'p50', align: 'right' },
  { heading: 'p99', align: 'right' },
]

/** `cheap_api · gpt-4o-mini · $0.00012 · 820 ms · verified 0.91`. */
export function formatTaskLine(result: TaskFigures): string {
  const { tier, modelId, costNanos, latencyMs, cache, verification, attempts } = result
  const parts = [
    tier,
    modelId,
    costNanos === undefined
      ? 'cost unknown'
      : `${formatUsd(amountToUsd(costNanos))}${result.isCostEstimated ? ' (estimated)' : ''}`,
    formatDuration(latencyMs),
    ...(cache === 'exact' || cache === 'similar' ? [`cache ${cache}`] : []),
    ...(verification === undefined
      ? []
      : [`${verification.isAccepted ? 'verified' : 'not verified'} ${verification.confidence.toFixed(2)}`]),
    ...(attempts.length > 1 ? [`${attempts.length} attempts`] : []),
  ]
  return parts.join(' · ')
}

export type BatchTableInit = {
  readonly totals: BatchTotals
  readonly terminal: Terminal
  readonly isExplained: boolean
}

/** Tier, cost, latency and savings against always-premium; failures below. */
export function formatBatchTable(outcomes: readonly BatchOutcome[], init: BatchTableInit): string {
  const { totals, terminal } = init
  const results = outcomes.flatMap((outcome) => (outcome.kind === 'done' ? [outcome.answer.figures] : []))
  const rows = TIER_ORDER.flatMap((tier) => {
    const ofTier = results.filter((result) => result.tier === tier)
    return ofTier.length === 0 ? [] : [rowOf(tier, ofTier, outcomes.length)]
  })
  const table = formatTable(COLUMNS, [...rows, rowOf('all', results, outcomes.length)], terminal.cutWidth)
  const explained = init.isExplained
    ? [...outcomes.map((outcome) => explainOutcome(outcome, terminal.cutWidth)), '']
    : []
  return [...explained, table, '', formatTotals(totals), ...formatFailures(outcomes, terminal)].join('\n')
}

function rowOf(name: string, results: readonly TaskFigures[], taskCount: number): readonly string[] {
  const compared = results.filter((result) => result.costNanos !== undefined && result.premiumCostNanos !== undefined)
  const paid = sumOf(compared, (result) => result.costNanos)
  const premium = sumOf(compared, (result) => result.premiumCostNanos)
  const unpriced = results.filter((result) => result.costNanos === undefined).length
  const latencies = results.map((result) => result.latencyMs).sort((left, right) => left - right)
  return [
    name,
    String(results.length),
    formatPercent(taskCount === 0 ? 0 : results.length / taskCount),
    `${formatUsd(amountToUsd(sumOf(results, (result) => result.costNanos)))}${unpriced > 0 ? ` + ${unpriced} unknown` : ''}`,
    compared.length === 0 ? '-' : formatUsd(amountToUsd(premium)),
    premium === ZERO_AMOUNT ? '-' : formatPercent(1 - Number(paid) / Number(premium)),
    quantileText(latencies, 0.5),
    quantileText(latencies, 0.99),
  ]
}

/** Nearest rank. */
function quantileText(sorted: readonly number[], share: number): string {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return value === undefined ? '-' : formatDuration(value)
}

function sumOf(results: readonly TaskFigures[], amountOf: (result: TaskFigures) => Amount | undefined): Amount {
  return results.reduce<Amount>((sum, result) => addAmounts(sum, amountOf(result) ?? ZERO_AMOUNT), ZERO_AMOUNT)
}

function formatTotals(totals: BatchTotals): string {
  const paid = `Paid ${formatUsd(totals.cost_usd)} for ${totals.tasks - totals.failed} of ${totals.tasks} tasks`
  if (totals.savings === null || totals.premium_usd === null)
    return `${paid}. Savings are unknown: no premium model with a known price is configured.`
  const basis = totals.savings_estimated ? 'estimated from the answers’ tokens' : 'measured'
  return `${paid}; always premium would have cost ${formatUsd(totals.premium_usd)} (${basis}): ${formatPercent(totals.savings)} saved.`
}

function formatFailures(outcomes: readonly BatchOutcome[], terminal: Terminal): readonly string[] {
  const failed = outcomes.filter((outcome) => outcome.kind === 'failed')
  const counts = new Map<string, { count: number; message: string }>()
  for (const { document } of failed) {
    const entry = counts.get(document.error.code)
    if (entry === undefined) counts.set(document.error.code, { count: 1, message: document.error.message })
    else entry.count += 1
  }
  const lines = [...counts].map(
    ([code, { count, message }]) =>
      `  ${count} x ${code}: ${cutText(message, Math.max(20, terminal.cutWidth - code.length - 10))}`,
  )
  return lines.length === 0 ? [] : ['', terminal.style('yellow', `${failed.length} failed:`), ...lines]
}

function explainOutcome(outcome: BatchOutcome, width: number): string {
  const title = `${outcome.task.id}: ${cutText(outcome.task.prompt, Math.max(20, width - outcome.task.id.length - 2))}`
  if (outcome.kind === 'failed') return `${title}\n  ${outcome.document.error.code}: ${outcome.document.error.message}`
  const reasons = outcome.answer.reasons.map((reason) => `  - ${reason}`)
  return [title, `  ${formatTaskLine(outcome.answer.figures)}`, ...reasons].join('\n')
}
