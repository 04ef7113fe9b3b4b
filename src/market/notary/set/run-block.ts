import type { Sha256Hex } from '../../../base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../base/time.ts'
import { contractOf } from '../../../core/books/books-machine.ts'
import { GOVERNED_BOOKS_MACHINE, type GovernedBooksState } from '../../../core/books/governed-books.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import { isBacked } from '../../../core/ledger/rooms.ts'
import type { EntryResult } from '../../../core/notary/block.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { authenticate, timeRefusalOf } from '../../../wire/v1/authenticate.ts'
import { canonicalText } from '../../../wire/v1/canonical.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'
import { hashOfTransition, type NotaryStatement } from '../../../wire/v1/notary-receipt.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import { hashOfText } from '../../../wire/v1/signing-bytes.ts'
import {
  bookOrdered,
  bookReading,
  type BookedEvent,
  isOrdered,
  LEDGER_SUBJECT,
  orderedEvent,
  readMessage,
  stamped,
  stampOfBooksEvent,
} from '../books/booked-event.ts'
import { isDue } from '../books/due-entries.ts'
import { type ChainPlace, describeTransition, outcomeOf } from '../books/describe-transition.ts'
import type { NotaryMessage } from './notary-application.ts'
import { type NotaryArchive, nonceKey } from '../books/notary-archive.ts'

export type RunBlockInit = {
  readonly slot: number
  readonly at: Timestamp
  /** Behind the block before. */
  readonly state: GovernedBooksState
  readonly archive: NotaryArchive
  /** Of messages outside of contracts, as the journal has them. */
  readonly nonces: Pick<NonceGuard, 'look'>
  readonly hash: Sha256Hex
  /** How far clocks may differ, for `iat` of messages. */
  readonly clockSkewMs: DurationMs
}

export type RanBlock = {
  /** What is to stand in the journal: what changed the books. */
  readonly booked: readonly BookedEvent[]
  readonly results: readonly EntryResult[]
  /** What is to be said of messages that changed nothing. */
  readonly statements: ReadonlyMap<Hash, NotaryStatement>
  readonly state: GovernedBooksState
}

const PAD = '0'.repeat(64) as Hash
const UNCHANGED_DOMAIN = 'kernell/notary/unchanged/v1\u0000'
const CONTRACT_MESSAGES_MAX = 4_096

/**
 * Runs the messages of a block on the books, in order, and keeps nothing. Every member comes to the same: it looks at the books, the archive and the nonces behind the
 * block before, and at no clock. An entry that changes nothing stands in the block with the hash of what is said of it, and takes no place in a chain.
 */
export function runBlock(init: RunBlockInit, messages: readonly NotaryMessage[]): RanBlock {
  const run = new BlockRun(init)
  const results = messages.map((message) => run.take(message))
  return { booked: run.booked, results, statements: run.statements, state: run.state }
}

/** What stands for an entry that changed nothing. */
export function hashOfUnchanged(statement: NotaryStatement, hash?: Sha256Hex): Hash {
  return hashOfText(UNCHANGED_DOMAIN + canonicalText(statement), hash)
}

type Booking = BookedEvent | { readonly code: string | undefined }

class BlockRun {
  readonly booked: BookedEvent[] = []
  readonly statements = new Map<Hash, NotaryStatement>()
  state: GovernedBooksState
  private readonly init: RunBlockInit
  private readonly places = new Map<ContractId, ChainPlace>()
  private readonly nonces = new Map<string, Hash>()
  private readonly added = new Map<ContractId, number>()

  constructor(init: RunBlockInit) {
    this.init = init
    this.state = init.state
  }

  take(message: NotaryMessage): EntryResult {
    const { archive, hash } = this.init
    if (archive.find(message.message) !== undefined) return this.unchanged(message, { effect: 'exists' })
    const booked = this.book(message)
    if ('code' in booked) {
      const { code } = booked
      return this.unchanged(message, code === undefined ? { effect: 'exists' } : { effect: 'refused', code })
    }
    const before = this.state
    const { state: after, effects } = GOVERNED_BOOKS_MACHINE.transition(before, booked.event)
    if (after === before) {
      const { effect, code } = outcomeOf(effects)
      const isRefused = effect === 'refused' && code !== undefined
      return this.unchanged(message, isRefused ? { effect: 'refused', code } : { effect: 'exists' })
    }
    const { contract } = booked
    const place = this.placeOf(contract)
    const transition = hashOfTransition(
      describeTransition({ booked, before: before.books, after: after.books, effects }, place),
      hash,
    )
    this.state = after
    this.booked.push(booked)
    this.places.set(contract, { seq: place.seq + 1, previous: transition })
    this.added.set(contract, (this.added.get(contract) ?? 0) + 1)
    if (booked.sent !== undefined) this.nonces.set(keyOf(contract, booked.sent.envelope.head), message.message)
    for (const effect of effects)
      if (effect.type === 'prune-contract') this.places.set(effect.record.contract, { seq: 0, previous: PAD })
    return { seq: place.seq, transition }
  }

  private placeOf(contract: ContractId): ChainPlace {
    return this.places.get(contract) ?? this.init.archive.placeOf(contract)
  }

  private unchanged({ message, contract }: NotaryMessage, said: Omit<NotaryStatement, 'message'>): EntryResult {
    const statement = { message, ...said }
    this.statements.set(message, statement)
    return { seq: this.placeOf(contract).seq, transition: hashOfUnchanged(statement, this.init.hash) }
  }

  private book(message: NotaryMessage): Booking {
    const booked = message.body.startsWith('{"ordered":') ? this.bookOrdered(message) : this.bookEnvelope(message)
    // A certificate names the contract of the entry, and its transition that of the event.
    return 'code' in booked || booked.contract === message.contract ? booked : { code: 'ESCROW_TYPE_UNKNOWN' }
  }

  private bookEnvelope({ body }: NotaryMessage): Booking {
    const { slot, at, hash } = this.init
    const decoded = decodeEnvelope(utf8Bytes(body), { hash })
    if (decoded.kind === 'refused') return { code: decoded.code }
    const { envelope } = decoded
    const { head } = envelope
    // Signatures, whom it is for and until when: whoever admitted it has checked, and every member of a quorum has.
    const verify = (): boolean => true
    const context = { verify, now: head.iat, at, clockSkewMs: 0 as DurationMs, audience: [head.aud], network: head.net }
    const authenticated = authenticate(envelope, context)
    if (authenticated.kind === 'refused') return { code: authenticated.code }
    const terms = head.contract && contractOf(this.state.books, head.contract)?.terms
    const reading = readMessage(authenticated, { verify, terms, hash })
    if (reading.kind === 'refused') return { code: reading.code }
    const booked = bookReading({ envelope, text: body }, { slot, event: reading.event })
    const code = this.refusalOf(booked)
    return code === undefined ? booked : { code }
  }

  /** A nonce has one message: another one under it is a conflict and changes nothing. */
  private refusalOf({ contract, message, sent }: BookedEvent): string | undefined {
    if (sent === undefined) return undefined
    const { archive, nonces, at, clockSkewMs } = this.init
    const { head, type } = sent.envelope
    const untimely = timeRefusalOf(head, { now: at, clockSkewMs })
    if (untimely !== undefined) return untimely
    const inBlock = this.nonces.get(keyOf(contract, head))
    if (inBlock !== undefined && inBlock !== message) return 'ENVELOPE_NONCE_USED'
    if (contract === LEDGER_SUBJECT)
      return nonces.look({
        iss: head.iss,
        nonce: head.nonce,
        message,
        now: at,
        clockSkewMs,
        isBacked: () => isBacked(this.init.state.books.ledger, head.iss),
      })
    const user = archive.nonceUser(contract, nonceKey(head))
    if (user !== undefined && user !== message) return 'ENVELOPE_NONCE_USED'
    const isOptional = type === 'escrow-beat' || type === 'escrow-voucher' || type === 'escrow-evidence'
    const kept = (archive.files.get(contract)?.entries.length ?? 0) + (this.added.get(contract) ?? 0)
    return isOptional && kept >= CONTRACT_MESSAGES_MAX ? 'NOTARY_CONTRACT_FULL' : undefined
  }

  /** What members order under the stamp at which it is due has its effect under that of the block, when it is due there and then. */
  private bookOrdered({ body }: NotaryMessage): Booking {
    const { slot, at } = this.init
    const parsed = JSON.parse(body) as { readonly ordered: unknown }
    const event = orderedEvent(slot, parsed.ordered)?.event
    if (event === undefined || !isOrdered(event)) return { code: undefined }
    const due = stampOfBooksEvent(event)
    if (due > at || !isDue(this.state, { event, due, at })) return { code: undefined }
    return bookOrdered(slot, stamped(event, timestampFromMs(at)), due)
  }
}

function keyOf(contract: ContractId, head: { readonly iss: string; readonly nonce: string }): string {
  return `${contract}/${nonceKey(head)}`
}
