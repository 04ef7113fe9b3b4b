import type { JsonValue } from '../../../base/canonical-json.ts'

/** Plain JSON of a value with amounts. */
export function plain(value: unknown): JsonValue {
  const text = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? member.toString() : member,
  )
  // JSON.parse gives nothing else.
  return JSON.parse(text) as JsonValue
}
