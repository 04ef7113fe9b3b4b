import { availableParallelism } from 'node:os'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import { ramBucketOf } from '../core/models/hardware-fit.ts'
import { hexOfBytes } from '../base/hex.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { Random } from '../ports/random.ts'
import { NO_OP_TRACER, type Tracer } from '../ports/tracer.ts'
import type { Timers } from '../ports/timers.ts'
import { createMetricsRegistry, type MetricsRegistry, type PipelineMetrics } from '../telemetry/metrics-registry.ts'
import { createOpenTelemetryTracer } from '../telemetry/open-telemetry-tracer.ts'
import { startOtlpExport, type OtlpExport } from '../telemetry/otlp-export.ts'
import { startOtlpMetrics, type OtlpMetrics } from '../telemetry/otlp-metrics.ts'
import type { HashName } from '../telemetry/record-key.ts'
import { createNameHasher } from '../telemetry/task-hasher.ts'
import { createFollowUpStore, type FollowUpStore } from '../telemetry/follow-up-store.ts'
import { createEarlierRecords } from '../telemetry/sums/earlier-records.ts'
import type { CountedUsage } from '../telemetry/sums/usage-figures.ts'
import { createUsageSums, SUM_PURGES } from '../telemetry/sums/usage-sums.ts'
import type { UsageSums } from '../telemetry/sums/record-sums.ts'
import { createTelemetryPipeline, type TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import { createTelemetryStore, type TelemetryStore } from '../telemetry/telemetry-store.ts'
import type { OtlpSignal, TelemetryConfig } from './config/node-config.ts'
import type { SharedStore } from './fleet/open-shared-store.ts'
import { createTelemetryWriter } from './telemetry-writer.ts'

export type NodeTelemetry = {
  readonly pipeline: TelemetryPipeline
  readonly metrics: MetricsRegistry
  readonly store: TelemetryStore
  /** What requests came to, longer than their records are kept. */
  readonly sums: UsageSums
  /** Counts a request that has no record, where the operator agrees. */
  readonly countUsage: (usage: CountedUsage) => void
  /** Feedback and shadow runs. */
  readonly followUps: FollowUpStore
  readonly tracer: Tracer
  stop(): Promise<void>
}

export type OpenTelemetryInit = {
  readonly actors: ActorSystem
  readonly config: TelemetryConfig
  /** The store of the data directory; records, their index and what follows them are parts of it. */
  readonly root: KeyValueStore
  readonly secret: Uint8Array
  readonly timers: Timers
  readonly random: Pick<Random, 'bytes'>
  /** Absent where no other process writes into `root`. */
  readonly shared: Pick<SharedStore, 'claims' | 'changes'> | undefined
  readonly memoryBytes: number
  readonly onError: (error: unknown) => void
}

/** Records, metrics and traces, each only where the operator wants it. Throws `TELEMETRY_PACKAGE_MISSING` for what is to be sent without the packages for it. */
export async function openTelemetry(init: OpenTelemetryInit): Promise<NodeTelemetry> {
  const { config, actors, timers, secret } = init
  const metrics = createMetricsRegistry({ hasProcessMetrics: true })
  const { traces, sent } = await startExports(config, metrics)
  const hashName = createNameHasher(secret)
  const index = init.root.sublevel('telemetry-index')
  const { recordsMax } = config
  const { sums, unwatch } = openSums(init, { hashName, metrics })
  const isShared = init.shared !== undefined
  const records = init.root.sublevel(RECORDS)
  const store = createTelemetryStore(records, { index, hashName, eventsMax: recordsMax, isShared, sums })
  const followUps = createFollowUpStore(init.root.sublevel('follow-ups'), { hashName, namesMax: recordsMax })
  const pipeline = createTelemetryWriter({ actors, timers }, (turns) =>
    createTelemetryPipeline(
      { store, metrics: bothOf(metrics, sent), timers: turns, secret },
      {
        hasConsent: config.consent,
        keepsText: config.keepText,
        hardwareTier: `${availableParallelism()}-core`,
        hasGpu: false,
        ramBucket: ramBucketOf(init.memoryBytes),
        onError: init.onError,
      },
    ),
  )
  await pipeline.start()
  // Nobody waits for it but who asks for sums, and who deletes.
  if (config.consent) sums.whole().catch(init.onError)
  return {
    pipeline,
    metrics,
    store,
    sums,
    countUsage(usage) {
      if (config.consent) sums.add(usage)
    },
    followUps,
    tracer: traces === undefined ? NO_OP_TRACER : createOpenTelemetryTracer({ adopt: (span) => traces.adopt(span) }),
    async stop() {
      await pipeline.stop()
      unwatch()
      await sums.stop()
      await sent?.stop()
      await traces?.stop()
    },
  }
}

/** Names of sublevels: records, and what is added up from them. */
const RECORDS = 'telemetry'
const SUMS = 'usage'
const WRITER_BYTES = 6

type OpenedSums = { readonly sums: UsageSums; readonly unwatch: () => void }

function openSums(
  { root, shared, timers, random, config, onError }: OpenTelemetryInit,
  { hashName, metrics }: { readonly hashName: HashName; readonly metrics: Pick<MetricsRegistry, 'countDropped'> },
): OpenedSums {
  const earlier = createEarlierRecords({
    records: root.sublevel(RECORDS),
    sums: root.sublevel(SUMS),
    ...(shared !== undefined && { claims: shared.claims }),
  })
  const sums = createUsageSums(
    { root, records: RECORDS, sums: SUMS, earlier, hashName, timers },
    {
      writer: hexOfBytes(random.bytes(WRITER_BYTES)),
      isShared: shared !== undefined,
      daysMax: config.usageDays,
      onDropped: (count) => metrics.countDropped(count),
      onError,
    },
  )
  const unwatch = shared?.changes.watch(SUM_PURGES, (keys) => {
    sums.forgetPurged(keys).catch(onError)
  })
  return { sums, unwatch: unwatch ?? ((): void => {}) }
}

type Exports = { readonly traces: OtlpExport | undefined; readonly sent: OtlpMetrics | undefined }

async function startExports(
  { otlpEndpoint, otlpSignals }: TelemetryConfig,
  sampled: MetricsRegistry,
): Promise<Exports> {
  if (otlpEndpoint === undefined) return { traces: undefined, sent: undefined }
  const urlOf = (signal: OtlpSignal): string => signalUrlOf(otlpEndpoint, signal)
  const traces = otlpSignals.includes('traces') ? await startOtlpExport({ url: urlOf('traces') }) : undefined
  if (!otlpSignals.includes('metrics')) return { traces, sent: undefined }
  try {
    return { traces, sent: await startOtlpMetrics({ url: urlOf('metrics'), sampled }) }
  } catch (error: unknown) {
    await traces?.stop()
    throw error
  }
}

function bothOf(metrics: MetricsRegistry, sent: OtlpMetrics | undefined): PipelineMetrics {
  if (sent === undefined) return metrics
  return {
    countOutcome(outcome) {
      metrics.countOutcome(outcome)
      sent.countOutcome(outcome)
    },
    countDropped: (count) => metrics.countDropped(count),
  }
}

/** The address of a collector is its base; each signal has a path of its own (OpenTelemetry exporter specification). */
function signalUrlOf(endpoint: string, signal: OtlpSignal): string {
  const base = endpoint.replace(/\/+$/, '').replace(/\/v1\/(?:traces|metrics)$/, '')
  return `${base}/v1/${signal}`
}
