import { Counter, Histogram, type Registry } from 'prom-client'
import { NANOS_PER_UNIT } from '../base/money.ts'
import type { OutcomeAttempt, TaskOutcome } from '../core/routing/task-outcome.ts'
import { BoundedLabel } from './bounded-label.ts'

/** Seconds. From a cache hit (well under a millisecond) to a long premium answer. */
export const DURATION_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** What is counted of tasks that ended. */
export class TaskMetrics {
  readonly #registry: Registry
  readonly #triggers: BoundedLabel
  readonly #providers: BoundedLabel
  readonly #codes: BoundedLabel
  readonly #cost = new ExactDollars()
  readonly #comparedCost = new ExactDollars()
  readonly #premiumCost = new ExactDollars()
  readonly #tasks: Counter
  readonly #tokens: Counter
  readonly #unknownCosts: Counter
  readonly #escalations: Counter
  readonly #fallbacks: Counter
  readonly #providerTasks: Counter
  readonly #overheads: Counter
  readonly #durations: Histogram
  readonly #firstContents: Histogram
  readonly #calls: Counter
  readonly #callDurations: Histogram
  readonly #failures: Counter
  readonly #rejections: Counter

  constructor(registry: Registry, labelValuesMax: number) {
    this.#registry = registry
    this.#triggers = new BoundedLabel(labelValuesMax)
    this.#providers = new BoundedLabel(labelValuesMax)
    this.#codes = new BoundedLabel(labelValuesMax)
    const tiers = ['tier']
    this.#tasks = this.#counter('kernell_tasks_total', 'Tasks finished.', ['tier', 'route', 'success', 'cached'])
    this.#durations = this.#histogram('kernell_task_duration_seconds', 'Time from request to answer.', tiers)
    this.#firstContents = this.#histogram(
      'kernell_task_first_content_seconds',
      'Time from request to the first content of a stream that is passed on as it comes.',
      tiers,
    )
    this.#tokens = this.#counter('kernell_tokens_total', 'Tokens metered.', ['tier', 'direction'])
    this.#dollars('kernell_task_cost_usd_total', 'Dollars spent on tasks, overhead included.', this.#cost)
    this.#unknownCosts = this.#counter(
      'kernell_tasks_cost_unknown_total',
      'Tasks of which a part has an unknown price; the dollars spent leave them out.',
      tiers,
    )
    this.#dollars(
      'kernell_task_compared_cost_usd_total',
      'Dollars spent on the tasks of which the cost of one premium call is known as well.',
      this.#comparedCost,
    )
    this.#dollars(
      'kernell_task_premium_cost_usd_total',
      'Dollars that one premium call for each of those tasks would have cost, estimated. What is left without the dollars spent was saved.',
      this.#premiumCost,
    )
    this.#escalations = this.#counter('kernell_escalations_total', 'Escalations from a tier to another.', [
      'from',
      'to',
    ])
    this.#fallbacks = this.#counter('kernell_fallbacks_total', 'Tasks that left the planned route.', ['trigger'])
    this.#providerTasks = this.#counter('kernell_provider_tasks_total', 'Tasks answered by a provider.', ['provider'])
    this.#overheads = this.#counter('kernell_overhead_calls_total', 'Model calls made to decide or to check.', [
      'purpose',
    ])
    const call = ['provider', 'tier']
    this.#calls = this.#counter(
      'kernell_model_calls_total',
      'Calls of models made to answer, by what became of them: accepted and rejected are what the verification said.',
      [...call, 'outcome'],
    )
    this.#callDurations = this.#histogram('kernell_model_call_duration_seconds', 'Time of one call of a model.', call)
    this.#failures = this.#counter('kernell_model_failures_total', 'Calls of models that failed, by error code.', [
      'provider',
      'code',
    ])
    this.#rejections = this.#counter(
      'kernell_verification_rejections_total',
      'Answers that the verification refused, by the first check that failed.',
      ['tier', 'check'],
    )
  }

  count(outcome: TaskOutcome): void {
    const tier = outcome.actualTier ?? 'none'
    this.#tasks.inc(
      { tier, route: outcome.finalRoute, success: String(outcome.success), cached: String(outcome.wasCached) },
      1,
    )
    this.#tokens.inc({ tier, direction: 'in' }, outcome.tokensIn)
    this.#tokens.inc({ tier, direction: 'out' }, outcome.tokensOut)
    this.#durations.observe({ tier }, outcome.latencyMs / 1000)
    if (outcome.firstPartMs !== undefined) this.#firstContents.observe({ tier }, outcome.firstPartMs / 1000)
    this.#countMoney(tier, outcome)
    this.#countWay(tier, outcome)
    for (const attempt of outcome.attempts) this.#countCall(attempt)
    for (const { purpose } of outcome.overheadCalls) this.#overheads.inc({ purpose })
  }

  #countMoney(tier: string, { costNanos, premiumCostNanos }: TaskOutcome): void {
    if (costNanos === undefined) {
      this.#unknownCosts.inc({ tier })
      return
    }
    this.#cost.add(tier, costNanos)
    if (premiumCostNanos === undefined) return
    this.#comparedCost.add(tier, costNanos)
    this.#premiumCost.add(tier, premiumCostNanos)
  }

  #countWay(tier: string, { escalationChain, fallbackTrigger, apiProvider }: TaskOutcome): void {
    for (let step = 1; step < escalationChain.length; step += 1) {
      this.#escalations.inc({ from: escalationChain[step - 1] ?? tier, to: escalationChain[step] ?? tier })
    }
    if (fallbackTrigger !== undefined) this.#fallbacks.inc({ trigger: this.#triggers.bound(fallbackTrigger) })
    if (apiProvider !== undefined) this.#providerTasks.inc({ provider: this.#providers.bound(apiProvider) })
  }

  #countCall({ provider: name, tier, outcome, reason, latencyMs }: OutcomeAttempt): void {
    const provider = this.#providers.bound(name)
    this.#calls.inc({ provider, tier, outcome })
    this.#callDurations.observe({ provider, tier }, latencyMs / 1000)
    if (outcome === 'failed') this.#failures.inc({ provider, code: this.#codes.bound(reason ?? 'unknown') })
    if (outcome === 'rejected') this.#rejections.inc({ tier, check: this.#codes.bound(reason ?? 'unknown') })
  }

  #dollars(name: string, help: string, sums: ExactDollars): void {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: ['tier'],
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        for (const [tier, dollars] of sums.read()) counter.inc({ tier }, dollars)
      },
    })
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] })
  }

  #histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: DURATION_BUCKETS, registers: [this.#registry] })
  }
}

/** Money by tier, summed exactly and turned into dollars only when it is read. */
class ExactDollars {
  readonly #nanos = new Map<string, bigint>()

  add(tier: string, nanos: bigint): void {
    this.#nanos.set(tier, (this.#nanos.get(tier) ?? 0n) + nanos)
  }

  *read(): Generator<readonly [string, number], void> {
    for (const [tier, nanos] of this.#nanos) yield [tier, Number(nanos) / Number(NANOS_PER_UNIT)]
  }
}
