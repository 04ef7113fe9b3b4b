import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { TaskOutcome } from '../core/routing/task-outcome.ts'
import { BoundedLabel } from './bounded-label.ts'
import { DURATION_BUCKETS, TaskMetrics } from './task-metrics.ts'

export type MetricsInit = {
  /** Adds the metrics of the process (memory, event loop, garbage collection). Default false. */
  readonly hasProcessMetrics?: boolean
  /** Distinct values of a label that callers or providers name, before the rest is counted as `other`. Default 64. */
  readonly labelValuesMax?: number
}

/** A reading taken at each scrape; labels come from a set the caller bounds. */
export type Reading = { readonly labels: Readonly<Record<string, string>>; readonly value: number }
export type ReadMetricInit = {
  /** Starts with `kernell_`; of a counter it ends in `_total`. */
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly read: () => readonly Reading[]
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

/** Where parts of a node add what they alone can read. */
export type MetricSink = Pick<MetricsRegistry, 'addGauge' | 'addCounter'>

/** One value of a metric at one moment. Of a histogram, `part` says which: buckets have the label `le`. */
export type SampledValue = {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly part?: 'sum' | 'count'
}

export type DescribedMetric = {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly labelNames: readonly string[]
}

export type SampledMetric = Omit<DescribedMetric, 'labelNames'> & { readonly values: readonly SampledValue[] }

/** All metrics as values, for whoever sends them elsewhere. */
export interface SampledMetrics {
  sample(): Promise<readonly SampledMetric[]>
}

export interface MetricsRegistry extends OutcomeMetrics, SampledMetrics {
  countDropped(count: number): void
  observeHttp(observation: HttpObservation): void
  /** One more request is being served, or one less. */
  trackHttp(change: 1 | -1): void
  addGauge(init: ReadMetricInit): void
  /** A counter that somebody else keeps: what is read never goes down but for a restart. */
  addCounter(init: ReadMetricInit): void
  /** Every metric that there is, whether it has values yet or not. */
  describe(): readonly DescribedMetric[]
  /** Content type of `text`. */
  readonly contentType: string
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>
}

const LABEL_VALUES_MAX_DEFAULT = 64

/** Metrics of one node in a registry of their own, so that two nodes in a process do not mix. */
export function createMetricsRegistry(init: MetricsInit = {}): MetricsRegistry {
  return new PrometheusMetrics(init)
}

class PrometheusMetrics implements MetricsRegistry {
  readonly #registry = new Registry()
  readonly #routes: BoundedLabel
  readonly #tasks: TaskMetrics
  readonly #dropped: Counter
  readonly #http: Histogram
  readonly #inFlight: Gauge

  constructor(init: MetricsInit) {
    const max = init.labelValuesMax ?? LABEL_VALUES_MAX_DEFAULT
    const registers = [this.#registry]
    this.#routes = new BoundedLabel(max)
    this.#tasks = new TaskMetrics(this.#registry, max)
    this.#dropped = new Counter({
      name: 'kernell_telemetry_dropped_total',
      help: 'Telemetry records dropped, and requests for embeddings that are lost to the sums of usage.',
      registers,
    })
    this.#http = new Histogram({
      name: 'kernell_http_request_duration_seconds',
      help: 'HTTP requests served.',
      labelNames: ['route', 'status'],
      buckets: DURATION_BUCKETS,
      registers,
    })
    this.#inFlight = new Gauge({
      name: 'kernell_http_requests_in_flight',
      help: 'HTTP requests that are being served.',
      registers,
    })
    if (init.hasProcessMetrics === true) collectDefaultMetrics({ register: this.#registry })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  countOutcome(outcome: TaskOutcome): void {
    this.#tasks.count(outcome)
  }

  countDropped(count: number): void {
    this.#dropped.inc(count)
  }

  observeHttp(observation: HttpObservation): void {
    const route = this.#routes.bound(observation.route)
    this.#http.observe({ route, status: String(observation.statusCode) }, observation.durationMs / 1000)
  }

  trackHttp(change: 1 | -1): void {
    this.#inFlight.inc(change)
  }

  addGauge(init: ReadMetricInit): void {
    const gauge: Gauge = new Gauge({
      ...this.#read(init),
      collect: () => {
        gauge.reset()
        for (const { labels, value } of init.read()) gauge.set({ ...labels }, value)
      },
    })
  }

  addCounter(init: ReadMetricInit): void {
    const counter: Counter = new Counter({
      ...this.#read(init),
      collect: () => {
        counter.reset()
        for (const { labels, value } of init.read()) counter.inc({ ...labels }, value)
      },
    })
  }

  describe(): readonly DescribedMetric[] {
    return this.#registry.getMetricsAsArray().map((metric) => ({
      ...typed(metric),
      labelNames: (metric as unknown as { readonly labelNames: readonly string[] }).labelNames,
    }))
  }

  async sample(): Promise<readonly SampledMetric[]> {
    const metrics = await this.#registry.getMetricsAsJSON()
    return metrics.map((metric) => ({
      ...typed(metric),
      values: (metric.values as readonly PrometheusValue[]).map(({ labels, value, metricName }) => {
        const part = metricName === undefined ? undefined : /_(sum|count)$/.exec(metricName)?.[1]
        return { labels: definedLabels(labels), value, ...(part !== undefined && { part: part as 'sum' | 'count' }) }
      }),
    }))
  }

  async text(): Promise<string> {
    return await this.#registry.metrics()
  }

  #read({ name, help, labelNames }: ReadMetricInit): Pick<ReadMetricInit, 'name' | 'help'> & {
    readonly labelNames: string[]
    readonly registers: Registry[]
  } {
    return { name, help, labelNames: [...labelNames], registers: [this.#registry] }
  }
}

type PrometheusValue = {
  readonly labels: Readonly<Record<string, string | number | undefined>>
  readonly value: number
  /** Of histograms, with what stands behind the name of the metric. */
  readonly metricName?: string
}

/** Prometheus' client calls its types by these words, whatever its own types say. */
function typed({ name, help, type }: { readonly name: string; readonly help: string; readonly type: unknown }): {
  readonly name: string
  readonly help: string
  readonly type: DescribedMetric['type']
} {
  return { name, help, type: type as DescribedMetric['type'] }
}

function definedLabels(labels: PrometheusValue['labels']): Readonly<Record<string, string | number>> {
  const defined: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(labels)) if (value !== undefined) defined[name] = value
  return defined
}
