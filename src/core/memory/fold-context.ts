import { extractSummary } from './extract-summary.ts'
import { applySummary, planCompression, type RollingBudget, type RollingContext } from './rolling-summary.ts'

/**
 * The context within its budget, without a model: unchanged where it fits, otherwise with the oldest steps folded into the
 * summary by extraction.
 */
export function foldContext(context: RollingContext, budget: RollingBudget): RollingContext {
  const plan = planCompression(context, budget)
  if (plan.kind === 'fits') return context
  const folded = [context.summary, ...context.steps.slice(0, plan.stepCount).map(({ text }) => text)]
  const summary = extractSummary(
    folded.filter((text) => text !== ''),
    { fits: (text) => budget.countTokens(text) <= plan.summaryTokensMax },
  )
  return applySummary(context, { plan, summary }, budget)
}
