import { trace } from '@opentelemetry/api'
import type * as OtlpExporterModule from '@opentelemetry/exporter-trace-otlp-http'
import type * as ResourcesModule from '@opentelemetry/resources'
import type * as TraceSdkModule from '@opentelemetry/sdk-trace-base'
import { CodedError } from '../base/errors.ts'
import type { FinishedSpan } from '../ports/tracer.ts'
import { adoptedSpanOf } from './adopt-span.ts'

export type OtlpExportInit = {
  /** Address of the collector's traces, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string
  /** `service.name` of the spans. Default `kernell-os`. */
  readonly serviceName?: string
}

export type OtlpExport = {
  /** Sends a span that was made on another thread. Never throws. */
  adopt(span: FinishedSpan): void
  /** Idempotent. Sends what waits, then takes the SDK out of the process. */
  stop(): Promise<void>
}

/**
 * Registers an SDK that sends spans to a collector. Its packages are optional and loaded here only.
 *
 * @throws `TELEMETRY_PACKAGE_MISSING` when they are not installed.
 */
export async function startOtlpExport(init: OtlpExportInit): Promise<OtlpExport> {
  const { sdk, exporter, resources } = await loadPackages()
  const resource = resources.resourceFromAttributes({ 'service.name': init.serviceName ?? 'kernell-os' })
  const processor = new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter({ url: init.url }))
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] })
  trace.setGlobalTracerProvider(provider)
  let stopping: Promise<void> | undefined
  return {
    adopt(span) {
      const readable = adoptedSpanOf(span, resource)
      if (readable !== undefined) processor.onEnd(readable)
    },
    async stop() {
      stopping ??= provider.shutdown().finally(() => trace.disable())
      await stopping
    },
  }
}

type OtlpPackages = {
  readonly sdk: typeof TraceSdkModule
  readonly exporter: typeof OtlpExporterModule
  readonly resources: typeof ResourcesModule
}

async function loadPackages(): Promise<OtlpPackages> {
  try {
    const [sdk, exporter, resources] = await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
    return { sdk, exporter, resources }
  } catch (error: unknown) {
    throw new CodedError('TELEMETRY_PACKAGE_MISSING', {
      message: 'Trace export needs packages that are not installed',
      cause: error,
    })
  }
}
