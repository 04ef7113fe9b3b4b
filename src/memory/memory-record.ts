import { parseTenantId } from '../base/identifiers.ts'
import type { TenantId } from '../base/identifiers.ts'
import { CodedError } from '../base/errors.ts'
import { formatTenantChange, formatTenantState, parseTenantChange, parseTenantState } from './tenant-state.ts'
import type { TenantChange, TenantEffect, TenantState } from './tenant-state.ts'

/** Version of records and snapshots; a higher one is of a later version of this package. */
const FORMAT = 1

export type MemoryRecord = {
  readonly tenant: TenantId
  readonly change: TenantChange
  /** Type of the first effect that the change had. */
  readonly effect: string | undefined
}

/** The first effect is kept beside the event, so that a replay by other rules is noticed instead of believed. */
export function encodeRecord(tenant: TenantId, change: TenantChange, effects: readonly TenantEffect[]): Uint8Array {
  const record = { format: FORMAT, tenant, change: formatTenantChange(change), effect: effects[0]?.type }
  return new TextEncoder().encode(JSON.stringify(record))
}

/** Throws `STORE_CORRUPTED` for what no version wrote, `STORE_FORMAT_NEWER` for what a later one did. */
export function decodeRecord(payload: Uint8Array, index: number): MemoryRecord {
  const json = parseJson(payload)
  checkFormat(json, `record ${index}`)
  const tenant = tenantOf(member(json, 'tenant'))
  const change = parseTenantChange(member(member(json, 'change'), 'machine'), member(member(json, 'change'), 'event'))
  const effect = member(json, 'effect')
  if (tenant === undefined || change === undefined || (effect !== undefined && typeof effect !== 'string'))
    throw corruptedError(`record ${index} is no change of a memory`)
  return { tenant, change, effect }
}

/** Empty memories as well: a change that builds on one may be behind the snapshot. */
export function encodeSnapshot(tenants: ReadonlyMap<TenantId, TenantState>): Uint8Array {
  const rows = [...tenants]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([tenant, state]) => ({ tenant, ...formatTenantState(state) }))
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, tenants: rows }))
}

/** Throws as `decodeRecord`. */
export function decodeSnapshot(payload: Uint8Array): Map<TenantId, TenantState> {
  const json = parseJson(payload)
  checkFormat(json, 'the snapshot')
  const rows = member(json, 'tenants')
  if (!Array.isArray(rows)) throw corruptedError('the snapshot lists no tenants')
  const tenants = new Map<TenantId, TenantState>()
  for (const row of rows as unknown[]) {
    const tenant = tenantOf(member(row, 'tenant'))
    const state = parseTenantState(member(row, 'graph'), member(row, 'threads'))
    if (tenant === undefined || state === undefined) throw corruptedError('the snapshot holds what is no memory')
    tenants.set(tenant, state)
  }
  return tenants
}

export function corruptedError(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The journal of the memory cannot be replayed: ${what}` })
}

function checkFormat(json: unknown, what: string): void {
  const format = member(json, 'format')
  if (format === FORMAT) return
  if (typeof format !== 'number' || !(format > FORMAT)) throw corruptedError(`${what} says no format`)
  throw new CodedError('STORE_FORMAT_NEWER', {
    message: `${what} of the memory's journal has format ${format}; this version reads ${FORMAT}`,
    details: { format, known: FORMAT },
  })
}

function tenantOf(value: unknown): TenantId | undefined {
  return typeof value === 'string' ? parseTenantId(value) : undefined
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}

function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
}
