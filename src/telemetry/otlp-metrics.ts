import type { Attributes, Histogram, Meter } from '@opentelemetry/api'
import type * as OtlpMetricsModule from '@opentelemetry/exporter-metrics-otlp-http'
import type * as ResourcesModule from '@opentelemetry/resources'
import type * as MetricsSdkModule from '@opentelemetry/sdk-metrics'
import { CodedError } from '../base/errors.ts'
import { ERROR_TYPE, GEN_AI, GEN_AI_BUCKETS, GEN_AI_METRICS, genAiProviderOf } from '../base/gen-ai-conventions.ts'
import type { OutcomeAttempt, TaskOutcome } from '../core/routing/task-outcome.ts'
import { BoundedLabel } from './bounded-label.ts'
import type { OutcomeMetrics, SampledMetrics } from './metrics-registry.ts'
import { producerOf } from './prometheus-producer.ts'

export type OtlpMetricsInit = {
  /** Address of the collector's metrics, such as `http://127.0.0.1:4318/v1/metrics`. */
  readonly url: string
  /** `service.name` of the metrics. Default `kernell-os`. */
  readonly serviceName?: string
  /** Milliseconds from one export to the next. Default: `OTEL_METRIC_EXPORT_INTERVAL`, or a minute. */
  readonly intervalMs?: number
  /** All metrics of the node, which are sent under their own names. Absent: those of the conventions alone. */
  readonly sampled?: SampledMetrics
}

export type OtlpMetrics = OutcomeMetrics & {
  /** Idempotent. Sends what is known, then stops. Never rejects: a collector that is away keeps no node from stopping. */
  stop(): Promise<void>
}

const SCOPE = 'kernell-os'
const INTERVAL_MS_DEFAULT = 60_000
const MODELS_MAX = 256

/**
 * Sends metrics to a collector: those of OpenTelemetry's conventions for generative AI, of every model call and every task, and the
 * node's own. Its packages are optional and loaded here only.
 *
 * @throws `TELEMETRY_PACKAGE_MISSING` when they are not installed.
 */
export async function startOtlpMetrics(init: OtlpMetricsInit): Promise<OtlpMetrics> {
  const { sdk, exporter, resources } = await loadPackages()
  const provider = new sdk.MeterProvider({
    resource: resources.resourceFromAttributes({ 'service.name': init.serviceName ?? 'kernell-os' }),
    readers: [
      new sdk.PeriodicExportingMetricReader({
        exporter: new exporter.OTLPMetricExporter({ url: init.url }),
        exportIntervalMillis: init.intervalMs ?? intervalOfEnvironment(process.env['OTEL_METRIC_EXPORT_INTERVAL']),
        ...(init.sampled !== undefined && { metricProducers: [producerOf(init.sampled, sdk)] }),
      }),
    ],
  })
  const instruments = new CallInstruments(provider.getMeter(SCOPE))
  let stopping: Promise<void> | undefined
  return {
    countOutcome: (outcome) => instruments.record(outcome),
    async stop() {
      stopping ??= provider.shutdown().catch(() => undefined)
      await stopping
    },
  }
}

function intervalOfEnvironment(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : INTERVAL_MS_DEFAULT
}

/** The histograms of the conventions. As a client: each call of a model. As a server: each task, with the node as the provider. */
class CallInstruments {
  readonly #clientDuration: Histogram
  readonly #clientTokens: Histogram
  readonly #clientFirstChunk: Histogram
  readonly #serverDuration: Histogram
  readonly #serverFirstToken: Histogram
  readonly #models = new BoundedLabel(MODELS_MAX)

  constructor(meter: Meter) {
    const { durationS, timeToFirstTokenS, tokens } = GEN_AI_BUCKETS
    const seconds = (name: string, description: string, boundaries: readonly number[] = durationS): Histogram =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: [...boundaries] } })
    this.#clientDuration = seconds(GEN_AI_METRICS.clientDuration, 'Duration of one call of a model.')
    this.#clientFirstChunk = seconds(
      GEN_AI_METRICS.clientTimeToFirstChunk,
      'Time from the call of a model to the first content of its stream.',
    )
    this.#serverDuration = seconds(GEN_AI_METRICS.serverDuration, 'Time from request to answer, all calls included.')
    this.#serverFirstToken = seconds(
      GEN_AI_METRICS.serverTimeToFirstToken,
      'Time from request to the first content of a stream.',
      timeToFirstTokenS,
    )
    this.#clientTokens = meter.createHistogram(GEN_AI_METRICS.clientTokens, {
      unit: '{token}',
      description: 'Tokens of one call of a model.',
      advice: { explicitBucketBoundaries: [...tokens] },
    })
  }

  record(outcome: TaskOutcome): void {
    for (const attempt of outcome.attempts) this.#recordCall(attempt)
    const attributes: Attributes = {
      [GEN_AI.operationName]: 'chat',
      [GEN_AI.providerName]: SCOPE,
      ...(outcome.modelUsed !== undefined && { [GEN_AI.responseModel]: this.#models.bound(outcome.modelUsed) }),
      'kernell.tier': outcome.actualTier ?? 'none',
    }
    this.#serverDuration.record(outcome.latencyMs / 1000, {
      ...attributes,
      ...(!outcome.success && { [ERROR_TYPE]: outcome.fallbackTrigger ?? 'rejected' }),
    })
    if (outcome.firstPartMs !== undefined && outcome.success)
      this.#serverFirstToken.record(outcome.firstPartMs / 1000, attributes)
  }

  #recordCall(attempt: OutcomeAttempt): void {
    const { outcome, tokensIn, tokensOut, firstPartMs, servedModel } = attempt
    const attributes: Attributes = {
      [GEN_AI.operationName]: 'chat',
      [GEN_AI.providerName]: genAiProviderOf(attempt.provider),
      [GEN_AI.requestModel]: this.#models.bound(attempt.modelId),
      ...(servedModel !== undefined && { [GEN_AI.responseModel]: this.#models.bound(servedModel) }),
    }
    const isFailed = outcome === 'failed' || outcome === 'aborted'
    this.#clientDuration.record(attempt.latencyMs / 1000, {
      ...attributes,
      ...(isFailed && { [ERROR_TYPE]: attempt.reason ?? 'REQUEST_ABORTED' }),
    })
    if (firstPartMs !== undefined) this.#clientFirstChunk.record(firstPartMs / 1000, attributes)
    // Nobody counted the tokens of a call without an answer.
    if (tokensIn + tokensOut === 0) return
    this.#clientTokens.record(tokensIn, { ...attributes, [GEN_AI.tokenType]: 'input' })
    this.#clientTokens.record(tokensOut, { ...attributes, [GEN_AI.tokenType]: 'output' })
  }
}

type MetricsPackages = {
  readonly sdk: typeof MetricsSdkModule
  readonly exporter: typeof OtlpMetricsModule
  readonly resources: typeof ResourcesModule
}

async function loadPackages(): Promise<MetricsPackages> {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
      import('@opentelemetry/resources'),
    ])
    return { sdk, exporter, resources }
  } catch (error: unknown) {
    throw new CodedError('TELEMETRY_PACKAGE_MISSING', {
      message: 'Export of metrics needs packages that are not installed',
      cause: error,
    })
  }
}
