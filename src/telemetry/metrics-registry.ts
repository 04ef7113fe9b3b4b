import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { NANOS_PER_UNIT } from '../base/money.ts'
import type { TaskOutcome } from '../core/routing/task-outcome.ts'
import { BoundedLabel } from './bounded-label.ts'

export type MetricsInit = {
  /** Adds the metrics of the process (memory, event loop, garbage collection). Default false. */
  readonly hasProcessMetrics?: boolean
  /** Distinct values of a label that callers or providers name, before the rest is counted as `other`. Default 64. */
  readonly labelValuesMax?: number
}

/** A reading taken at each scrape; labels come from a set the caller bounds. */
export type GaugeReading = { readonly labels: Readonly<Record<string, string>>; readonly value: number }
export type GaugeInit = {
  /** Starts with `kernell_`. */
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly read: () => readonly GaugeReading[]
}

export type HttpObservation = {
  /** The route's pattern, never the path that was asked for. */
  readonly route: string
  readonly statusCode: number
  readonly durationMs: number
}

/** Told of every task that ended, off the path of its answer. */
export interface OutcomeMetrics {
  countOutcome(outcome: TaskOutcome): void
}

export type PipelineMetrics = OutcomeMetrics & Pick<MetricsRegistry, 'countDropped'>

/** One value of a metric at one moment. Of a histogram, `part` says which: buckets have the label `le`. */
export type SampledValue = {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly part?: 'sum' | 'count'
}

export type SampledMetric = {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly values: readonly SampledValue[]
}

/** All metrics as values, for whoever sends them elsewhere. */
export interface SampledMetrics {
  sample(): Promise<readonly SampledMetric[]>
}

export interface MetricsRegistry extends OutcomeMetrics, SampledMetrics {
  countDropped(count: number): void
  observeHttp(observation: HttpObservation): void
  addGauge(init: GaugeInit): void
  /** Content type of `text`. */
  readonly contentType: string
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>
}

/** Seconds. From a cache hit (well under a millisecond) to a long premium answer. */
const DURATION_BUCKETS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const LABEL_VALUES_MAX_DEFAULT = 64

/** Metrics of one node in a registry of their own, so that two nodes in a process do not mix. */
export function createMetricsRegistry(init: MetricsInit = {}): MetricsRegistry {
  return new PrometheusMetrics(init)
}

class PrometheusMetrics implements MetricsRegistry {
  readonly #registry = new Registry()
  readonly #triggers: BoundedLabel
  readonly #providers: BoundedLabel
  readonly #routes: BoundedLabel
  readonly #costNanos = new Map<string, bigint>()
  readonly #tasks = this.#counter('kernell_tasks_total', 'Tasks finished.', ['tier', 'route', 'success', 'cached'])
  readonly #tokens = this.#counter('kernell_tokens_total', 'Tokens metered.', ['tier', 'direction'])
  readonly #unknownCosts = this.#counter(
    'kernell_tasks_cost_unknown_total',
    'Tasks of which a part has an unknown price; the dollars spent leave them out.',
    ['tier'],
  )
  readonly #escalations = this.#counter('kernell_escalations_total', 'Escalations from a tier to another.', [
    'from',
    'to',
  ])
  readonly #fallbacks = this.#counter('kernell_fallbacks_total', 'Tasks that left the planned route.', ['trigger'])
  readonly #providerTasks = this.#counter('kernell_provider_tasks_total', 'Tasks answered by a provider.', ['provider'])
  readonly #overheads = this.#counter('kernell_overhead_calls_total', 'Model calls made to decide or to check.', [
    'purpose',
  ])
  readonly #dropped = this.#counter('kernell_telemetry_dropped_total', 'Telemetry records dropped.', [])
  readonly #durations = this.#histogram('kernell_task_duration_seconds', 'Time from request to answer.', ['tier'])
  readonly #http = this.#histogram('kernell_http_request_duration_seconds', 'HTTP requests served.', [
    'route',
    'status',
  ])

  constructor(init: MetricsInit) {
    const max = init.labelValuesMax ?? LABEL_VALUES_MAX_DEFAULT
    this.#triggers = new BoundedLabel(max)
    this.#providers = new BoundedLabel(max)
    this.#routes = new BoundedLabel(max)
    this.#addCost()
    if (init.hasProcessMetrics === true) collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  countOutcome(outcome: TaskOutcome): void {
    const tier = outcome.actualTier ?? 'none'
    const { escalationChain } = outcome
    this.#tasks.inc(
      { tier, route: outcome.finalRoute, success: String(outcome.success), cached: String(outcome.wasCached) },
      1,
    )
    this.#tokens.inc({ tier, direction: 'in' }, outcome.tokensIn)
    this.#tokens.inc({ tier, direction: 'out' }, outcome.tokensOut)
    this.#durations.observe({ tier }, outcome.latencyMs / 1000)
    if (outcome.costNanos === undefined) this.#unknownCosts.inc({ tier })
    else this.#costNanos.set(tier, (this.#costNanos.get(tier) ?? 0n) + outcome.costNanos)
    for (let step = 1; step < escalationChain.length; step += 1) {
      this.#escalations.inc({ from: escalationChain[step - 1] ?? tier, to: escalationChain[step] ?? tier })
    }
    if (outcome.fallbackTrigger !== undefined) {
      this.#fallbacks.inc({ trigger: this.#triggers.bound(outcome.fallbackTrigger) })
    }
    const provider = outcome.apiProvider
    if (provider !== undefined) this.#providerTasks.inc({ provider: this.#providers.bound(provider) })
    for (const { purpose } of outcome.overheadCalls) this.#overheads.inc({ purpose })
  }

  countDropped(count: number): void {
    this.#dropped.inc(count)
  }

  observeHttp(observation: HttpObservation): void {
    const route = this.#routes.bound(observation.route)
    this.#http.observe({ route, status: String(observation.statusCode) }, observation.durationMs / 1000)
  }

  addGauge(init: GaugeInit): void {
    const gauge: Gauge = new Gauge({
      name: init.name,
      help: init.help,
      labelNames: [...init.labelNames],
      registers: [this.#registry],
      collect: () => {
        gauge.reset()
        for (const { labels, value } of init.read()) gauge.set({ ...labels }, value)
      },
    })
  }

  async sample(): Promise<readonly SampledMetric[]> {
    const metrics = await this.#registry.getMetricsAsJSON()
    return metrics.map(({ name, help, type, values }) => ({
      name,
      help,
      // At run time the types are these words.
      type: type as unknown as SampledMetric['type'],
      values: (values as readonly PrometheusValue[]).map(({ labels, value, metricName }) => {
        const part = metricName === undefined ? undefined : /_(sum|count)$/.exec(metricName)?.[1]
        return { labels: definedLabels(labels), value, ...(part !== undefined && { part: part as 'sum' | 'count' }) }
      }),
    }))
  }

  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  /** Money is summed exactly and turned into dollars only when it is read. */
  #addCost(): void {
    const cost: Counter = new Counter({
      name: 'kernell_task_cost_usd_total',
      help: 'Dollars spent on tasks, overhead included.',
      labelNames: ['tier'],
      registers: [this.#registry],
      collect: () => {
        cost.reset()
        for (const [tier, nanos] of this.#costNanos) cost.inc({ tier }, Number(nanos) / Number(NANOS_PER_UNIT))
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

type PrometheusValue = {
  readonly labels: Readonly<Record<string, string | number | undefined>>
  readonly value: number
  /** Of histograms, with what stands behind the name of the metric. */
  readonly metricName?: string
}

function definedLabels(labels: PrometheusValue['labels']): Readonly<Record<string, string | number>> {
  const defined: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(labels)) if (value !== undefined) defined[name] = value
  return defined
}
