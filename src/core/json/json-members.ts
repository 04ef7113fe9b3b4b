import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../base/money.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import { type Did, type Hash, parseDid, parseHash } from '../evidence/names.ts'

/** A member of a JSON object; `undefined` where there is no such object or member. */
export function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Record<string, unknown>)[name]
    : undefined
}

/** A whole number 0 to 2^53 - 1. */
export function readCount(json: unknown): number | undefined {
  return typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : undefined
}

/** Integer milliseconds since 1970. */
export function readInstant(json: unknown): Timestamp | undefined {
  const count = readCount(json)
  return count === undefined ? undefined : timestampFromMs(count)
}

/** Decimal digits of a whole number 0 or more, at most 60 of them, without leading zeros. */
export function readWhole(json: unknown): bigint | undefined {
  return typeof json === 'string' && /^(0|[1-9][0-9]{0,59})$/.test(json) ? BigInt(json) : undefined
}

/** Nano-units as decimal digits. */
export function readNanos(json: unknown): Amount | undefined {
  const whole = readWhole(json)
  return whole === undefined || whole > AMOUNT_MAX ? undefined : amountFromNanos(whole)
}

export function readDid(json: unknown): Did | undefined {
  return typeof json === 'string' ? parseDid(json) : undefined
}

export function readHash(json: unknown): Hash | undefined {
  return typeof json === 'string' ? parseHash(json) : undefined
}

/** Every item of a list, or `undefined` when one of them is not what it should be. */
export function readList<Item>(
  json: unknown,
  readItem: (item: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (!Array.isArray(json)) return undefined
  const items: Item[] = []
  for (const given of json) {
    const item = readItem(given)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}

/** The head of an event that follows from a signed message. */
export function readEvidence(json: unknown): Evidence | undefined {
  const envelope = readHash(member(json, 'envelope'))
  const iss = readDid(member(json, 'iss'))
  const seq = readCount(member(json, 'seq'))
  const given = member(json, 'prev')
  const prev = readHash(given)
  const at = readInstant(member(json, 'at'))
  if (envelope === undefined || iss === undefined || seq === undefined || at === undefined) return undefined
  if (given !== undefined && prev === undefined) return undefined
  return { envelope, iss, seq, prev, at }
}
