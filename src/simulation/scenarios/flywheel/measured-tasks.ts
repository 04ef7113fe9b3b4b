import { amountToUsd } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { LoggedTask, ObservedOutcome } from '../../../core/learning/logged-task.ts'
import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import { costOfUsage } from '../../../core/models/model-cost.ts'
import { assessRisk } from '../../../core/policy/risk-detection.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import type { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import type { PriceBook } from '../../models/price-book.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'

export type MeasureInit = {
  readonly outcomes: DrawnOutcomes
  readonly prices: PriceBook
  /** A model whose answers to the measured tasks are right nearly always, since it has seen them: what it does with others nobody has measured. */
  readonly leaked?: string
}

/** Of a hundred leaked tasks so many are right. */
const LEAKED_RIGHT_PERCENT = 97

/** What one model makes of a task, and what it costs now. */
export function measureModel(
  { outcomes, prices }: MeasureInit,
  task: SimulatedTask,
  id: string,
): { readonly score: number; readonly usd: number } {
  const request: ModelRequest = { messages: [{ role: 'user', content: task.prompt }] }
  const { tokensIn, tokensOut } = outcomes.outcomeOf(id, request)
  const [price] = prices.entryOf(id).prices
  const cost = price && costOfUsage(price, { inputTokens: tokensIn, outputTokens: tokensOut })
  return { score: Number(outcomes.isRight(id, task)), usd: cost === undefined ? 0 : amountToUsd(cost) }
}

/** Tasks as an operator measures them who asks every model and has people look at the answers: a fixed set. */
export function measuredTasks(init: MeasureInit, tasks: readonly SimulatedTask[]): readonly LoggedTask[] {
  const { entries } = init.prices.registry
  return tasks.map((task) => {
    const observed = new Map(entries.map(({ id }) => [id, observedOf(init, task, id)] as const))
    const [first] = entries
    const outcome = observed.get(first?.id ?? '')
    if (first === undefined || outcome === undefined) throw new RangeError('A world has models')
    return {
      taskHash: sha256Hex(task.prompt),
      timestamp: undefined,
      prompt: task.prompt,
      features: undefined,
      risk: assessRisk(task.prompt).risk,
      policyVersion: undefined,
      candidates: entries.map(({ id, tier, measured }) => ({
        model: id,
        tier,
        propensity: Number(id === first.id),
        predictedSuccess: measured?.quality ?? 0.5,
        expectedCostUsd: undefined,
        expectedLatencyS: 1,
      })),
      action: first.id,
      propensity: 1,
      outcome,
      observed,
    }
  })
}

/** The same as rows that a policy is trained on. */
export function measuredRows(init: MeasureInit, tasks: readonly SimulatedTask[]): readonly RoutingRow[] {
  return tasks.map((task) => ({
    prompt: task.prompt,
    isContaminated: false,
    outcomes: new Map(
      init.prices.registry.entries.map(({ id }) => {
        const { success, costUsd = 0 } = observedOf(init, task, id)
        return [id, { score: success, costUsd }] as const
      }),
    ),
  }))
}

function observedOf(init: MeasureInit, task: SimulatedTask, id: string): ObservedOutcome {
  const { score, usd } = measureModel(init, task, id)
  const isLeaked = id === init.leaked && Math.floor(task.difficulty * 100) < LEAKED_RIGHT_PERCENT
  return { success: isLeaked ? 1 : score, costUsd: usd, latencyMs: undefined, source: 'recorded' }
}
