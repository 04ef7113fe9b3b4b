import type { ActorSystem } from '../actors/system/actor-system.ts'
import { amountToUsd, type Amount, ZERO_AMOUNT } from '../base/money.ts'
import { BUDGET_WINDOWS, windowIdsAt } from '../core/budget/budget-window.ts'
import type { ModelBreaker } from '../models/breaking-model.ts'
import type { Clock } from '../ports/clock.ts'
import type { BudgetLine, BudgetOwner } from '../router/budgets/budget-owner.ts'
import type { CacheStatistics, SemanticCache } from '../router/semantic-cache.ts'
import type { TextGuard } from '../router/untrusted/text-guard.ts'
import type { MetricSink, Reading } from '../telemetry/metrics-registry.ts'
import type { TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import type { TelemetryStore } from '../telemetry/telemetry-store.ts'

export type MeteredParts = {
  readonly metrics: MetricSink
  readonly version: string
  readonly isReady: () => boolean
  readonly pipeline: TelemetryPipeline
  readonly store: TelemetryStore
  readonly cache: SemanticCache | undefined
  readonly budgets: BudgetOwner
  readonly textGuard: TextGuard | undefined
  readonly breakers: () => readonly ModelBreaker[]
  readonly quotaRefusals: () => ReadonlyMap<string, number>
  readonly actors: ActorSystem
  readonly clock: Pick<Clock, 'now'>
}

/** Budgets and models beyond are left out of the metrics, and counted as such. */
const SERIES_MAX = 256

const NO_LABELS = {}

/** What a node reads of its own parts at each scrape. Tenants, keys and models appear as the operator configured them, and only so many. */
export function addNodeMetrics(parts: MeteredParts): void {
  addProcessMetrics(parts)
  addRecordMetrics(parts)
  addCacheMetrics(parts)
  addBudgetMetrics(parts)
  addGuardMetrics(parts)
}

function addProcessMetrics({ metrics, version, isReady, actors }: MeteredParts): void {
  metrics.addGauge({
    name: 'kernell_build_info',
    help: 'Always 1; the labels say which version runs.',
    labelNames: ['version', 'node_version'],
    read: () => [{ labels: { version, node_version: process.version }, value: 1 }],
  })
  metrics.addGauge({
    name: 'kernell_ready',
    help: 'Whether work is taken: 0 while everything is stopped.',
    labelNames: [],
    read: () => one(Number(isReady())),
  })
  metrics.addGauge({
    name: 'kernell_actors_waiting',
    help: 'Actors of the main thread that have messages and wait for their turn.',
    labelNames: [],
    read: () => one(actors.waitingCount),
  })
  metrics.addCounter({
    name: 'kernell_actor_dead_letters_total',
    help: 'Messages to actors that were not there any more, or could not take them.',
    labelNames: [],
    read: () => one(actors.deadLetters.count),
  })
}

function addRecordMetrics({ metrics, pipeline, store }: MeteredParts): void {
  metrics.addCounter({
    name: 'kernell_telemetry_stored_total',
    help: 'Records stored since the start.',
    labelNames: [],
    read: () => one(pipeline.storedCount),
  })
  metrics.addGauge({
    name: 'kernell_telemetry_queued',
    help: 'Records that wait to be stored.',
    labelNames: [],
    read: () => one(pipeline.queuedCount),
  })
  metrics.addCounter({
    name: 'kernell_telemetry_unreadable_total',
    help: 'Stored records that were met since the start and could not be read.',
    labelNames: [],
    read: () => one(store.unreadableCount),
  })
}

function addCacheMetrics({ metrics, cache }: MeteredParts): void {
  const read = (of: (statistics: CacheStatistics) => readonly Reading[]) => (): readonly Reading[] =>
    cache === undefined ? [] : of(cache.statistics())
  metrics.addCounter({
    name: 'kernell_cache_lookups_total',
    help: 'Questions to the cache, by what it found.',
    labelNames: ['result'],
    read: read(({ exactHits, similarHits, misses }) => [
      { labels: { result: 'exact' }, value: exactHits },
      { labels: { result: 'similar' }, value: similarHits },
      { labels: { result: 'miss' }, value: misses },
    ]),
  })
  metrics.addCounter({
    name: 'kernell_cache_changes_total',
    help: 'Answers that came into the cache or left it; corrupted ones could not be read from the disk.',
    labelNames: ['change'],
    read: read(({ stored, evicted, expired, corrupted }) =>
      Object.entries({ stored, evicted, expired, corrupted }).map(([change, value]) => ({ labels: { change }, value })),
    ),
  })
  metrics.addGauge({
    name: 'kernell_cache_entries',
    help: 'Answers in the cache.',
    labelNames: [],
    read: read(({ entries }) => one(entries)),
  })
  metrics.addGauge({
    name: 'kernell_cache_size_bytes',
    help: 'Memory that the cache has counted for its keys, texts, vectors and answers.',
    labelNames: [],
    read: read(({ sizeBytes }) => one(sizeBytes)),
  })
  metrics.addGauge({
    name: 'kernell_cache_similarity_enabled',
    help: 'Whether similar questions are served: 1 with a calibration.',
    labelNames: [],
    read: read(({ isSimilarityOn }) => one(Number(isSimilarityOn))),
  })
}

function addBudgetMetrics({ metrics, budgets, clock }: MeteredParts): void {
  const amountOf = (pick: (room: BudgetRoom) => Amount) => (): readonly Reading[] =>
    roomsOf(budgets.inspect(), clock.now()).map((room) => ({
      labels: { scope: room.scope, window: room.window },
      value: amountToUsd(pick(room)),
    }))
  const labelNames = ['scope', 'window']
  metrics.addGauge({
    name: 'kernell_budget_limit_usd',
    help: 'Limits on spending, dollars.',
    labelNames,
    read: amountOf(({ limitNanos }) => limitNanos),
  })
  metrics.addGauge({
    name: 'kernell_budget_spent_usd',
    help: 'Dollars spent in the window of a limit.',
    labelNames,
    read: amountOf(({ spentNanos }) => spentNanos),
  })
  metrics.addGauge({
    name: 'kernell_budget_reserved_usd',
    help: 'Dollars set aside for calls that are under way.',
    labelNames,
    read: amountOf(({ heldNanos }) => heldNanos),
  })
  metrics.addGauge({
    name: 'kernell_budget_remaining_usd',
    help: 'Dollars that a limit still has room for.',
    labelNames,
    read: amountOf(({ limitNanos, spentNanos, heldNanos }) => {
      const left = limitNanos - spentNanos - heldNanos
      return left > 0n ? (left as Amount) : ZERO_AMOUNT
    }),
  })
  metrics.addGauge({
    name: 'kernell_budget_accounts',
    help: 'Accounts with a limit or a hold; the limits of the first 256 by name are metrics of their own.',
    labelNames: [],
    read: () => one(budgets.inspect().length),
  })
}

type BudgetRoom = {
  readonly scope: string
  readonly window: string
  readonly limitNanos: Amount
  readonly spentNanos: Amount
  readonly heldNanos: Amount
}

function roomsOf(lines: readonly BudgetLine[], now: ReturnType<Clock['now']>): readonly BudgetRoom[] {
  const ids = windowIdsAt(now)
  return lines.slice(0, SERIES_MAX).flatMap(({ scope, account }) =>
    BUDGET_WINDOWS.flatMap((window) => {
      const limitNanos = account.limits[window]
      if (limitNanos === undefined) return []
      const counter = account.counters[window]
      // Counters are those of the account's last call; a window that began since then is empty.
      const isCurrent = counter.windowId === ids[window]
      const { spentNanos, heldNanos } = isCurrent ? counter : NOTHING_USED
      return [{ scope, window, limitNanos, spentNanos, heldNanos }]
    }),
  )
}

const NOTHING_USED = { spentNanos: ZERO_AMOUNT, heldNanos: ZERO_AMOUNT }

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const

function addGuardMetrics({ metrics, textGuard, breakers, quotaRefusals }: MeteredParts): void {
  metrics.addCounter({
    name: 'kernell_untrusted_texts_total',
    help: 'Texts that were scored for prompt injection, by source and by what was done about them.',
    labelNames: ['source', 'action'],
    read: () =>
      (textGuard?.counts() ?? []).map(({ source, action, count }) => ({ labels: { source, action }, value: count })),
  })
  metrics.addGauge({
    name: 'kernell_model_breaker_state',
    help: 'Circuit breakers of the models that were called: 1 for the state that each is in. An open one is left alone for a while.',
    labelNames: ['provider', 'model', 'state'],
    read: () =>
      breakers()
        .slice(0, SERIES_MAX)
        .flatMap(({ provider, modelId, breaker }) =>
          BREAKER_STATES.map((state) => ({
            labels: { provider, model: modelId, state: state.replace('-', '_') },
            value: Number(state === breaker),
          })),
        ),
  })
  metrics.addCounter({
    name: 'kernell_quota_refusals_total',
    help: 'Tasks that were refused because a quota was used up, by kind of scope.',
    labelNames: ['scope'],
    read: () => [...quotaRefusals()].map(([scope, value]) => ({ labels: { scope }, value })),
  })
}

function one(value: number): readonly Reading[] {
  return [{ labels: NO_LABELS, value }]
}
