import type { TelemetryEvent } from '../wire/telemetry-event.ts'

/**
 * How names of tenants, tasks and traces stand in keys: as hashes, without spaces. A store deletes a value for good when it is compacted, and still lists
 * bounds of the keys that its files once had.
 */
export type HashName = (name: string) => string

/** What a record is found by, each as its hash. */
export type RecordNames = {
  readonly tenant: string
  readonly event: string
  readonly trace: string | undefined
}

/** Stands in a key for the tenant of a record that nothing can follow, for it has no id. */
const NAMELESS = '-'

/** `undefined` for a record without an id. */
export function namesOf({ tenant, event_id, trace_id }: TelemetryEvent, hash: HashName): RecordNames | undefined {
  if (event_id === null) return undefined
  return { tenant: hash(tenant ?? ''), event: hash(event_id), trace: trace_id === null ? undefined : hash(trace_id) }
}

/**
 * `TIMESTAMP EVENT TENANT [TRACE]`, so that a record makes room without being read. Timestamps of a fixed width sort as text, so a bound on time is a bound on keys.
 */
export function recordKeyOf({ timestamp }: TelemetryEvent, names: RecordNames | undefined): string {
  if (names === undefined) return `${timestamp ?? ''} ${NAMELESS} ${NAMELESS}`
  const { tenant, event, trace } = names
  return trace === undefined
    ? `${timestamp ?? ''} ${event} ${tenant}`
    : `${timestamp ?? ''} ${event} ${tenant} ${trace}`
}

/** The names in a key; `undefined` where it has none, as those of earlier versions, whose record has to be read for them. */
export function namesIn(key: string): RecordNames | undefined {
  const [, event, tenant, trace] = key.split(' ')
  return event === undefined || tenant === undefined || tenant === NAMELESS ? undefined : { tenant, event, trace }
}
