import { canonicalJson } from '../../base/canonical-json.ts'
import type { Sha256HexOfBytes } from '../../base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../base/time.ts'
import { formatBooksEvent, parseBooksEvent } from '../../core/books/books-codec.ts'
import type { BooksEvent } from '../../core/books/books-state.ts'
import type { ContractId, Hash } from '../../core/evidence/names.ts'
import { type Authenticated, authenticate, type VerifyBytes } from '../../wire/v1/authenticate.ts'
import { canonicalText } from '../../wire/v1/canonical.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { decodeEnvelope, type Envelope } from '../../wire/v1/envelope.ts'
import { type EscrowReading, type EscrowReadingInit, readEscrowMessage } from '../../wire/v1/escrow-events.ts'
import { isRotationSigned, readLedgerMessage } from '../../wire/v1/ledger-events.ts'
import { hashOfText } from '../../wire/v1/signing-bytes.ts'

/** The subject of what is outside of contracts: 64 zeros, which are the hash of nothing. */
export const LEDGER_SUBJECT: ContractId = '0'.repeat(64) as ContractId

/** One entry of a notary's journal: what the books took, and for a message the very envelope, so that a journal is evidence by itself. */
export type BookedEvent = {
  /** Which block of the log it belongs to, from 1. */
  readonly slot: number
  /** Hash of the envelope, or of what the set itself ordered. */
  readonly message: Hash
  readonly contract: ContractId
  readonly event: BooksEvent
  /** `undefined` for what the set ordered itself. */
  readonly sent: SentEnvelope | undefined
  /** The stamp under which several members named what they ordered, before the block had one; absent where it is the block's. */
  readonly due?: Timestamp
}

export type SentEnvelope = { readonly envelope: Envelope; /** Its canonical text. */ readonly text: string }

/** Canonical JSON of an entry's event: `{"envelope":{...},"slot":7}` with the stamp, or what the set ordered under `ordered`. */
export function formatBookedEvent({ slot, event, sent, due }: BookedEvent): string {
  const dueText = due === undefined ? '' : `"due":${due},`
  if (sent === undefined) return `{${dueText}"ordered":${formatBooksEvent(event)},"slot":${slot}}`
  return `{"at":${stampOfBooksEvent(event)},"envelope":${sent.text},"slot":${slot}}`
}

export type BookedEventReading = { readonly hash?: Sha256HexOfBytes | undefined }

/** Reads the JSON of `formatBookedEvent`; `undefined` for anything else. Signatures are looked at by `BooksAudit`. */
export function parseBookedEvent(json: unknown, reading: BookedEventReading = {}): BookedEvent | undefined {
  if (typeof json !== 'object' || json === null || !('slot' in json)) return undefined
  const { slot } = json
  if (typeof slot !== 'number' || !Number.isSafeInteger(slot) || slot < 1) return undefined
  if ('ordered' in json) {
    if (!('due' in json)) return orderedEvent(slot, json.ordered)
    return Number.isSafeInteger(json.due)
      ? orderedEvent(slot, json.ordered, timestampFromMs(Number(json.due)))
      : undefined
  }
  if (!('envelope' in json && 'at' in json && Number.isSafeInteger(json.at))) return undefined
  const text = canonicalText(json.envelope)
  const { hash } = reading
  const decoded = decodeEnvelope(utf8Bytes(text), hash === undefined ? {} : { hash })
  if (decoded.kind === 'refused') return undefined
  const at = timestampFromMs(Number(json.at))
  return bookedMessage({ envelope: decoded.envelope, text }, { slot, at, verify: () => true, hash })
}

/** What was ordered by the set: a timer that fires, rules that are published, the stamp. */
export function orderedEvent(slot: number, json: unknown, due?: Timestamp): BookedEvent | undefined {
  const event = parseBooksEvent(json)
  return event === undefined || isSent(event) ? undefined : bookOrdered(slot, event, due)
}

/** What notaries order by themselves. */
export type OrderedEvent = Exclude<BooksEvent, { type: SentEventType }>

/** What only a signed message makes happen. */
type SentEventType = 'message-received' | 'ledger-event-received' | 'capability-revoked'

export function isSent(event: BooksEvent): event is Extract<BooksEvent, { type: SentEventType }> {
  return (
    event.type === 'message-received' || event.type === 'ledger-event-received' || event.type === 'capability-revoked'
  )
}

export function bookOrdered(slot: number, event: OrderedEvent, due?: Timestamp): BookedEvent {
  const message = hashOfText(bodyOfOrdered(due === undefined ? event : { ...event, at: due }))
  const contract = event.type === 'timer-fired' ? event.contract : LEDGER_SUBJECT
  return { slot, message, contract, event, sent: undefined, ...(due !== undefined && { due }) }
}

/** The text whose hash names what is ordered. */
export function bodyOfOrdered(event: OrderedEvent): string {
  return canonicalJson({ ordered: JSON.parse(formatBooksEvent(event)) })
}

export type MessageReadingInit = {
  readonly slot: number
  readonly at: Timestamp
  readonly verify: VerifyBytes
  readonly hash?: Sha256HexOfBytes | undefined
}

function bookedMessage(sent: SentEnvelope, { slot, ...init }: MessageReadingInit): BookedEvent | undefined {
  const reading = readSent(sent.envelope, init)
  return reading.kind === 'refused' ? undefined : bookReading(sent, { slot, event: reading.event })
}

/** What a message in a journal says, by the stamp under which it stands there. */
export function readSent(
  envelope: Envelope,
  { at, verify, hash }: Omit<MessageReadingInit, 'slot'>,
): EscrowReading | Extract<ReturnType<typeof authenticate>, { kind: 'refused' }> {
  const { head } = envelope
  // Whom it was for and until when, the notary that took it has checked by its own clock.
  const context = { verify, now: head.iat, at, clockSkewMs: 0 as DurationMs, audience: [head.aud], network: head.net }
  const authenticated = authenticate(envelope, context)
  if (authenticated.kind === 'refused') return authenticated
  return readMessage(authenticated, { verify, terms: undefined, hash })
}

export function bookReading(
  sent: SentEnvelope,
  { slot, event }: { readonly slot: number; readonly event: BooksEvent },
): BookedEvent {
  const contract = 'contract' in event ? event.contract : LEDGER_SUBJECT
  return { slot, message: sent.envelope.hash, contract, event, sent }
}

/** The event of an authenticated message about a contract or the ledger. */
export function readMessage(authenticated: Authenticated, init: EscrowReadingInit): EscrowReading {
  if (!isRotationSigned(authenticated.envelope, init.verify))
    return { kind: 'refused', code: 'ESCROW_COSIGNATURE_WRONG' }
  const event = readLedgerMessage(authenticated)
  if (event === undefined) return readEscrowMessage(authenticated, init)
  // Orders of contracts and expiries are made by the books themselves, and no message is read as one.
  if (event.type === 'transfers-submitted' || event.type === 'holds-expired')
    return { kind: 'refused', code: 'ESCROW_TYPE_UNKNOWN' }
  return { kind: 'event', event: { type: 'ledger-event-received', event } }
}

export function stampOfBooksEvent(event: BooksEvent): Timestamp {
  switch (event.type) {
    case 'message-received':
      return event.message.at
    case 'ledger-event-received':
      return event.event.at
    default:
      return event.at
  }
}
