import { ValueType } from '@opentelemetry/api'
import type { HrTime } from '@opentelemetry/api'
import type * as MetricsSdkModule from '@opentelemetry/sdk-metrics'
import type { DataPoint, Histogram, MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import type { SampledMetric, SampledMetrics, SampledValue } from './metrics-registry.ts'

/** The node's own metrics as OpenTelemetry exports them: the same names, labels and buckets as in the Prometheus text. */
export function producerOf(sampled: SampledMetrics, sdk: typeof MetricsSdkModule): MetricProducer {
  const startTime = toHrTime(Date.now())
  return {
    async collect() {
      const endTime = toHrTime(Date.now())
      const metrics = (await sampled.sample()).flatMap((metric) => {
        const data = dataOf(metric, { startTime, endTime, sdk })
        return data === undefined ? [] : [data]
      })
      // The reader puts its own resource in place of this one.
      const resource = { attributes: {}, merge: () => resource, getRawAttributes: () => [] }
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'kernell-os' }, metrics }] }, errors: [] }
    },
  }
}

type Window = { readonly startTime: HrTime; readonly endTime: HrTime; readonly sdk: typeof MetricsSdkModule }

function dataOf({ name, help, type, values }: SampledMetric, window: Window): MetricData | undefined {
  const { AggregationTemporality, DataPointType } = window.sdk
  const common = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  const points = (): DataPoint<number>[] =>
    values.map(({ labels, value }) => ({ ...window, attributes: labels, value }))
  switch (type) {
    case 'counter':
      return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() }
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: points() }
    case 'histogram':
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramsOf(values, window) }
    case 'summary':
      return undefined
  }
}

type Gathering = {
  readonly labels: Readonly<Record<string, string | number>>
  readonly boundaries: number[]
  /** As Prometheus has them: each bucket holds those below it. */
  readonly cumulative: number[]
  sum: number
  count: number
}

function histogramsOf(values: readonly SampledValue[], window: Window): DataPoint<Histogram>[] {
  const gathered = new Map<string, Gathering>()
  for (const {
    labels: { le, ...labels },
    value,
    part,
  } of values) {
    const key = JSON.stringify(Object.entries(labels).toSorted(([left], [right]) => (left < right ? -1 : 1)))
    let point = gathered.get(key)
    if (point === undefined) gathered.set(key, (point = { labels, boundaries: [], cumulative: [], sum: 0, count: 0 }))
    if (part === 'sum') point.sum = value
    else if (part === 'count') point.count = value
    else if (le !== undefined && le !== '+Inf') {
      point.boundaries.push(Number(le))
      point.cumulative.push(value)
    }
  }
  return [...gathered.values()].map(({ labels, boundaries, cumulative, sum, count }) => {
    const counts = [...cumulative, count].map((value, index, all) => value - (index === 0 ? 0 : (all[index - 1] ?? 0)))
    return { ...window, attributes: labels, value: { buckets: { boundaries, counts }, sum, count } }
  })
}

function toHrTime(epochMs: number): HrTime {
  return [Math.floor(epochMs / 1000), (epochMs % 1000) * 1_000_000]
}
