import { amountToUsd } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { LoggedTask, ObservedOutcome } from '../../../core/learning/logged-task.ts'
import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import { costOfUsage } from '../../../core/models/model-cost.ts'
import { assessRisk } from '../../../core/policy/risk-detection.ts'
import { type DrawnOutcomes, tokensOf } from '../../models/drawn-outcomes.ts'
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

/** What a model makes of a task, and what that costs now. */
export type ModelTruth = { readonly id: string; readonly score: number; readonly usd: number }

/** What each model that is offered makes of a task. */
export function measureModels(
  { outcomes, prices }: Pick<MeasureInit, 'outcomes' | 'prices'>,
  task: SimulatedTask,
): readonly ModelTruth[] {
  const inputTokens = tokensOf({ messages: [{ role: 'user', content: task.prompt }] })
  return prices.registry.entries.map(({ id, prices: [price] }) => {
    const { isRight, tokensOut } = outcomes.measure(id, task)
    const cost = price && costOfUsage(price, { inputTokens, outputTokens: tokensOut })
    return { id, score: Number(isRight), usd: cost === undefined ? 0 : amountToUsd(cost) }
  })
}

/** Tasks as an operator measures them who asks every model and has people look at the answers: a fixed set. */
export function measuredTasks(init: MeasureInit, tasks: readonly SimulatedTask[]): readonly LoggedTask[] {
  const { entries } = init.prices.registry
  return tasks.map((task) => {
    const observed = new Map(measureModels(init, task).map((truth) => [truth.id, observedOf(init, task, truth)]))
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
      measureModels(init, task).map((truth) => {
        const { success, costUsd = 0 } = observedOf(init, task, truth)
        return [truth.id, { score: success, costUsd }] as const
      }),
    ),
  }))
}

function observedOf({ leaked }: MeasureInit, task: SimulatedTask, { id, score, usd }: ModelTruth): ObservedOutcome {
  const isLeaked = id === leaked && Math.floor(task.difficulty * 100) < LEAKED_RIGHT_PERCENT
  return { success: isLeaked ? 1 : score, costUsd: usd, latencyMs: undefined, source: 'recorded' }
}
