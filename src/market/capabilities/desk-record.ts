import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import { CHAIN_LENGTH_MAX } from '../../core/capability/check-alignment.ts'
import type { Did } from '../../core/evidence/names.ts'
import {
  INVALID,
  listOf,
  objectOf,
  oneOf,
  optional,
  readCount,
  readDid,
  type Reader,
  readTime,
  unionOf,
} from '../../core/json/json-reader.ts'

/** What the desk took, as its journal has it. Tokens are base64url. */
export type DeskRecord =
  | { readonly type: 'issued'; readonly text: string; readonly at: Timestamp }
  | { readonly type: 'revoked'; readonly revocation: string; readonly chain: readonly string[]; readonly at: Timestamp }
  | {
      readonly type: 'admitted'
      readonly iss: Did
      readonly nonce: string
      readonly exp: number | undefined
      readonly at: Timestamp
    }

const readText: Reader<string> = (json) => (typeof json === 'string' ? json : INVALID)

const readRecord: Reader<DeskRecord> = unionOf<DeskRecord>(
  objectOf({ type: oneOf('issued'), text: readText, at: readTime }),
  objectOf({ type: oneOf('revoked'), revocation: readText, chain: listOf(readText, CHAIN_LENGTH_MAX), at: readTime }),
  objectOf({ type: oneOf('admitted'), iss: readDid, nonce: readText, exp: optional(readCount), at: readTime }),
)

export function encodeDeskRecord(record: DeskRecord): Uint8Array {
  return new TextEncoder().encode(canonicalJson(record))
}

/** Throws `STORE_CORRUPTED` for anything but what `encodeDeskRecord` wrote. */
export function readDeskRecord(payload: Uint8Array, index: number): DeskRecord {
  const record = readRecord(jsonOf(payload))
  if (record === INVALID) throw new CodedError('STORE_CORRUPTED', { message: `Capability record ${index} is none` })
  return record
}

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}
