import { type CapabilityCid, parseCapabilityCid } from '../core/capability/capability-token.ts'
import type { Timestamp } from '../base/time.ts'
import type { Did } from '../core/evidence/names.ts'
import {
  INVALID,
  objectOf,
  oneOf,
  optional,
  parsed,
  readCount,
  readDid,
  type Reader,
  readTime,
  unionOf,
} from '../core/json/json-reader.ts'

/** What the journal of grants has. */
export type GrantRecord =
  | { readonly type: 'granted'; readonly text: string }
  | {
      readonly type: 'revoked'
      readonly cid: CapabilityCid
      readonly revoker: Did
      /** Stamp from which the delegation is over by itself. */
      readonly expiresAt: number | undefined
      readonly at: Timestamp
    }

const readRecord: Reader<GrantRecord> = unionOf<GrantRecord>(
  objectOf({ type: oneOf('granted'), text: parsed((text) => text) }),
  objectOf({
    type: oneOf('revoked'),
    cid: parsed(parseCapabilityCid),
    revoker: readDid,
    expiresAt: optional(readCount),
    at: readTime,
  }),
)

/** Reads canonical JSON of a record; `undefined` for anything else. */
export function readGrantRecord(text: string): GrantRecord | undefined {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  const record = readRecord(json)
  return record === INVALID ? undefined : record
}
