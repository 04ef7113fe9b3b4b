import { availableParallelism } from 'node:os'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import { ramBucketOf } from '../core/models/hardware-fit.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import { NO_OP_TRACER, type Tracer } from '../ports/tracer.ts'
import type { Timers } from '../ports/timers.ts'
import { createMetricsRegistry, type MetricsRegistry } from '../telemetry/metrics-registry.ts'
import { createOpenTelemetryTracer } from '../telemetry/open-telemetry-tracer.ts'
import { startOtlpExport } from '../telemetry/otlp-export.ts'
import { createNameHasher } from '../telemetry/task-hasher.ts'
import { createFollowUpStore, type FollowUpStore } from '../telemetry/follow-up-store.ts'
import { createTelemetryPipeline, type TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import { createTelemetryStore, type TelemetryStore } from '../telemetry/telemetry-store.ts'
import type { TelemetryConfig } from './config/node-config.ts'
import { createTelemetryWriter } from './telemetry-writer.ts'

export type NodeTelemetry = {
  readonly pipeline: TelemetryPipeline
  readonly metrics: MetricsRegistry
  readonly store: TelemetryStore
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
  readonly memoryBytes: number
  readonly onError: (error: unknown) => void
}

/** Records, metrics and traces, each only where the operator wants it. Throws `TELEMETRY_PACKAGE_MISSING` for traces without their packages. */
export async function openTelemetry(init: OpenTelemetryInit): Promise<NodeTelemetry> {
  const { config, actors, timers, secret } = init
  const exporting =
    config.otlpEndpoint === undefined ? undefined : await startOtlpExport({ url: tracesUrlOf(config.otlpEndpoint) })
  const metrics = createMetricsRegistry({ hasProcessMetrics: true })
  const hashName = createNameHasher(secret)
  const index = init.root.sublevel('telemetry-index')
  const store = createTelemetryStore(init.root.sublevel('telemetry'), { index, hashName })
  const followUps = createFollowUpStore(init.root.sublevel('follow-ups'), { hashName })
  const pipeline = createTelemetryWriter({ actors, timers }, (turns) =>
    createTelemetryPipeline(
      { store, metrics, timers: turns, secret },
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
  return {
    pipeline,
    metrics,
    store,
    followUps,
    tracer: exporting === undefined ? NO_OP_TRACER : createOpenTelemetryTracer(),
    async stop() {
      await pipeline.stop()
      await exporting?.stop()
    },
  }
}

/** The address of a collector is its base; traces have a path of their own (OpenTelemetry exporter specification). */
function tracesUrlOf(endpoint: string): string {
  const base = endpoint.replace(/\/+$/, '')
  return base.endsWith('/v1/traces') ? base : `${base}/v1/traces`
}
