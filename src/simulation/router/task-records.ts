import type { TelemetryAttempt } from '../../wire/telemetry-parts.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { MachineRecords } from './open-records.ts'

/** A call for a task by the machine's own record. */
export type RecordedCall = {
  readonly modelId: string
  readonly outcome: TelemetryAttempt['outcome']
  readonly tokensIn: number
  readonly tokensOut: number
  /** `undefined`: no price was known. */
  readonly costNanos: bigint | undefined
}

/** What a machine has kept of a task: what it says has happened, and not what anybody else remembers. */
export type TaskRecord = {
  readonly task: string
  /** When it came, milliseconds since 1970. */
  readonly at: number
  /** The model that answered, or was called last; `undefined` where none was called. */
  readonly modelId: string | undefined
  readonly tier: string
  readonly calls: readonly RecordedCall[]
  readonly costNanos: bigint | undefined
  readonly latencyMs: number
  readonly isCached: boolean
  readonly isEscalated: boolean
  /** Why another model was asked after the first; `undefined` where none was. */
  readonly escalatedBecause: string | undefined
  readonly isHighRisk: boolean
}

const NANOS_PER_DOLLAR = 1e9

/** All that a machine has kept, as it lies in its store, in the order of time. */
export async function readTaskRecords({ pipeline, store }: MachineRecords): Promise<readonly TaskRecord[]> {
  await pipeline.flush()
  const records: TaskRecord[] = []
  for await (const event of store.list()) records.push(taskRecordOf(event))
  return records
}

function taskRecordOf(event: TelemetryEvent): TaskRecord {
  return {
    task: event.event_id ?? '',
    at: Date.parse(event.timestamp ?? ''),
    modelId: event.model_used ?? undefined,
    tier: event.actual_tier_used,
    calls: event.attempts.map((call) => ({
      modelId: call.model,
      outcome: call.outcome,
      tokensIn: call.tokens_in,
      tokensOut: call.tokens_out,
      costNanos: nanosOf(call.cost_usd),
    })),
    costNanos: nanosOf(event.cost_usd),
    latencyMs: event.latency_ms,
    isCached: event.was_cached === true,
    isEscalated: event.was_escalated,
    escalatedBecause: event.was_escalated ? (event.fallback_trigger ?? undefined) : undefined,
    isHighRisk: event.policy_risk === 'high',
  }
}

function nanosOf(usd: number | null): bigint | undefined {
  return usd === null ? undefined : BigInt(Math.round(usd * NANOS_PER_DOLLAR))
}
