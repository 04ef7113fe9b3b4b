import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Sha256Hex } from '../../../base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../base/time.ts'
import type { BooksEvent } from '../../../core/books/books-state.ts'
import type { GovernedBooksEvent } from '../../../core/books/governed-books.ts'
import { formatGovernedBooksEvent, parseGovernedBooksEvent } from '../../../core/books/governed-books-codec.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import type { GovernanceEvent } from '../../../core/governance/governance-state.ts'
import { type Authenticated, authenticate, type VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { canonicalText } from '../../../wire/v1/canonical.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { decodeEnvelope, type Envelope } from '../../../wire/v1/envelope.ts'
import { type EscrowReading, type EscrowReadingInit, readEscrowMessage } from '../../../wire/v1/escrow-events.ts'
import { readGovernanceMessage } from '../../../wire/v1/governance-events.ts'
import { isRotationSigned, readLedgerMessage } from '../../../wire/v1/ledger-events.ts'
import { hashOfText } from '../../../wire/v1/signing-bytes.ts'

/** The subject of what is outside of contracts: 64 zeros, which are the hash of nothing. */
export const LEDGER_SUBJECT: ContractId = '0'.repeat(64) as ContractId

/** One entry of a notary's journal: what the books took, and for a message the very envelope, so that a journal is evidence by itself. */
export type BookedEvent = {
  /** Which block of the log it belongs to, from 1. */
  readonly slot: number
  /** Hash of the envelope, or of what the set itself ordered. */
  readonly message: Hash
  readonly contract: ContractId
  readonly event: GovernedBooksEvent
  /** `undefined` for what the set ordered itself. */
  readonly sent: SentEnvelope | undefined
  /** The stamp under which several members named what they ordered, before the block had one; absent where it is the block's. */
  readonly due?: Timestamp
}

export type SentEnvelope = { readonly envelope: Envelope; /** Its canonical text. */ readonly text: string }

/** Canonical JSON of an entry's event: `{"envelope":{...},"slot":7}` with the stamp, or what the set ordered under `ordered`. */
export function formatBookedEvent({ slot, event, sent, due }: BookedEvent): string {
  const dueText = due === undefined ? '' : `"due":${due},`
  if (sent === undefined) return `{${dueText}"ordered":${formatGovernedBooksEvent(event)},"slot":${slot}}`
  return `{"at":${stampOfBooksEvent(event)},"envelope":${sent.text},"slot":${slot}}`
}

export type BookedEventReading = { readonly hash?: Sha256Hex | undefined }

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
  const text = canonicalTextOf(json.envelope)
  if (text === undefined) return undefined
  const { hash } = reading
  const decoded = decodeEnvelope(utf8Bytes(text), hash === undefined ? {} : { hash })
  if (decoded.kind === 'refused') return undefined
  const at = timestampFromMs(Number(json.at))
  return bookedMessage({ envelope: decoded.envelope, text }, { slot, at, verify: () => true, hash })
}

/** `undefined` for what has no canonical text: then nobody wrote it as an envelope. */
function canonicalTextOf(json: unknown): string | undefined {
  try {
    return canonicalText(json)
  } catch {
    return undefined
  }
}

/** What was ordered by the set: a timer that fires, rules or weights that are published, issuers that are listed, the stamp, and that governance begins. */
export function orderedEvent(slot: number, json: unknown, due?: Timestamp): BookedEvent | undefined {
  const event = parseGovernedBooksEvent(json)
  return event === undefined || !isOrdered(event) ? undefined : bookOrdered(slot, event, due)
}

/** What only a signed message makes happen. */
type SentEventType = 'message-received' | 'ledger-event-received' | 'capability-revoked'

const SENT_TYPES: readonly string[] = [
  'message-received',
  'ledger-event-received',
  'capability-revoked',
] satisfies readonly SentEventType[]

/** What notaries order by themselves; everything else is a message of somebody. */
export type OrderedEvent =
  | Exclude<BooksEvent, { type: SentEventType }>
  | Extract<GovernedBooksEvent, { type: 'governance-founded' }>
  | {
      readonly type: 'governance-event-received'
      readonly event: Extract<GovernanceEvent, { type: 'weights-published' | 'timer-fired' }>
    }

export function isOrdered(event: GovernedBooksEvent): event is OrderedEvent {
  if (event.type === 'governance-event-received')
    return event.event.type === 'weights-published' || event.event.type === 'timer-fired'
  return !SENT_TYPES.includes(event.type)
}

/** The same at another stamp. */
export function stamped(event: OrderedEvent, at: Timestamp): OrderedEvent {
  return event.type === 'governance-event-received' ? { ...event, event: { ...event.event, at } } : { ...event, at }
}

export function bookOrdered(slot: number, event: OrderedEvent, due?: Timestamp): BookedEvent {
  const message = hashOfText(bodyOfOrdered(due === undefined ? event : stamped(event, due)))
  const contract = event.type === 'timer-fired' ? event.contract : LEDGER_SUBJECT
  return { slot, message, contract, event, sent: undefined, ...(due !== undefined && { due }) }
}

/** The text whose hash names what is ordered. */
export function bodyOfOrdered(event: OrderedEvent): string {
  return canonicalJson({ ordered: JSON.parse(formatGovernedBooksEvent(event)) })
}

export type MessageReadingInit = {
  readonly slot: number
  readonly at: Timestamp
  readonly verify: VerifyBytes
  readonly hash?: Sha256Hex | undefined
}

function bookedMessage(sent: SentEnvelope, { slot, ...init }: MessageReadingInit): BookedEvent | undefined {
  const reading = readSent(sent.envelope, init)
  return reading.kind === 'refused' ? undefined : bookReading(sent, { slot, event: reading.event })
}

/** What a message in a journal says, by the stamp under which it stands there. */
export function readSent(
  envelope: Envelope,
  { at, verify, hash }: Omit<MessageReadingInit, 'slot'>,
): MessageReading | Extract<ReturnType<typeof authenticate>, { kind: 'refused' }> {
  const { head } = envelope
  // Whom it was for and until when, the notary that took it has checked by its own clock.
  const context = { verify, now: head.iat, at, clockSkewMs: 0 as DurationMs, audience: [head.aud], network: head.net }
  const authenticated = authenticate(envelope, context)
  if (authenticated.kind === 'refused') return authenticated
  return readMessage(authenticated, { verify, terms: undefined, hash })
}

export function bookReading(
  sent: SentEnvelope,
  { slot, event }: { readonly slot: number; readonly event: GovernedBooksEvent },
): BookedEvent {
  const contract = 'contract' in event ? event.contract : LEDGER_SUBJECT
  return { slot, message: sent.envelope.hash, contract, event, sent }
}

export type MessageReading =
  | { readonly kind: 'event'; readonly event: GovernedBooksEvent }
  | Extract<EscrowReading, { kind: 'refused' }>

/** The event of an authenticated message about a contract, the ledger or governance, which no contract has a part in. */
export function readMessage(authenticated: Authenticated, init: EscrowReadingInit): MessageReading {
  if (!isRotationSigned(authenticated.envelope, init.verify))
    return { kind: 'refused', code: 'ESCROW_COSIGNATURE_WRONG' }
  const voted = readGovernanceMessage(authenticated)
  if (voted !== undefined) {
    const isOutside = authenticated.envelope.head.contract === undefined
    return isOutside
      ? { kind: 'event', event: { type: 'governance-event-received', event: voted } }
      : { kind: 'refused', code: 'ESCROW_TYPE_UNKNOWN' }
  }
  const event = readLedgerMessage(authenticated)
  if (event === undefined) return readEscrowMessage(authenticated, init)
  // Orders of contracts and expiries are made by the books themselves, whom the set lists it says itself, and no message is read as any of it.
  if (event.type === 'transfers-submitted' || event.type === 'holds-expired' || event.type === 'issuer-listed')
    return { kind: 'refused', code: 'ESCROW_TYPE_UNKNOWN' }
  return { kind: 'event', event: { type: 'ledger-event-received', event } }
}

export function stampOfBooksEvent(event: GovernedBooksEvent): Timestamp {
  switch (event.type) {
    case 'message-received':
      return event.message.at
    case 'ledger-event-received':
    case 'governance-event-received':
      return event.event.at
    default:
      return event.at
  }
}
