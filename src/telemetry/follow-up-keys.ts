import type { TelemetryEvent } from '../wire/telemetry-event.ts'
import type { RecordName } from './record-index.ts'
import type { HashName } from './record-key.ts'

/**
 * Keys of what comes after tasks; names are hashes:
 *
 * ```text
 * of TENANT e EVENT_ID        -> entry        (t TRACE_ID: of a trace)
 * at SINCE TENANT e EVENT_ID  -> nothing      the order by which the oldest go
 * ```
 */
export const ENTRIES = { gte: 'of ', lt: 'of!' } as const
export const PLACES = { gte: 'at ', lt: 'at!' } as const

export type FollowedRecord = Pick<TelemetryEvent, 'event_id' | 'trace_id' | 'tenant'>

export function keyOf({ tenant, kind, id }: RecordName, hash: HashName): string {
  return `of ${hash(tenant)} ${kind === 'event' ? 'e' : 't'} ${hash(id)}`
}

export function keysOf({ tenant, event_id, trace_id }: FollowedRecord, hash: HashName): readonly string[] {
  const name = tenant ?? ''
  return [
    ...(event_id === null ? [] : [keyOf({ tenant: name, kind: 'event', id: event_id }, hash)]),
    ...(trace_id === null ? [] : [keyOf({ tenant: name, kind: 'trace', id: trace_id }, hash)]),
  ]
}

export function placeOf(key: string, since: string): string {
  return `at ${since} ${key.slice('of '.length)}`
}

export function entryKeyOf(place: string): string {
  return `of ${place.slice(place.indexOf(' ', 'at '.length) + 1)}`
}

/** Timestamps have a fixed width, so they sort as text. */
export function isPlacedBefore(place: string, instant: string): boolean {
  return place.slice('at '.length, place.indexOf(' ', 'at '.length)) < instant
}
