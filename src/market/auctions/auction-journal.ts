import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { formatAuctionValue, parseAuctionEvent } from '../../core/auction/auction-codec.ts'
import type { AuctionEvent } from '../../core/auction/auction-state.ts'

/** The record of an event: canonical JSON. */
export function encodeAuctionEvent(event: AuctionEvent): Uint8Array {
  return new TextEncoder().encode(canonicalJson(formatAuctionValue(event)))
}

/** Reads a record. Throws `STORE_CORRUPTED` for anything else. */
export function decodeAuctionEvent(payload: Uint8Array, index: number): AuctionEvent {
  const event = parse(payload)
  if (event === undefined) throw corruptedJournal(index)
  return event
}

function parse(payload: Uint8Array): AuctionEvent | undefined {
  try {
    return parseAuctionEvent(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)))
  } catch {
    return undefined
  }
}

export function corruptedJournal(index: number): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `Record ${index} of the journal is no event of this auction` })
}
