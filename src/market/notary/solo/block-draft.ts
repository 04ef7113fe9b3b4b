import type { Sha256Hex } from '../../../base/sha256.ts'
import type { DurationMs, Timestamp } from '../../../base/time.ts'
import { contractOf } from '../../../core/books/books-machine.ts'
import type { BooksState } from '../../../core/books/books-state.ts'
import { isBacked } from '../../../core/ledger/rooms.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import { timeRefusalOf } from '../../../wire/v1/authenticate.ts'
import type { NotaryStatement } from '../../../wire/v1/notary-receipt.ts'
import type { Admitted, Dismissed, Waiter } from '../admission.ts'
import { bookReading, type BookedEvent, readMessage } from '../books/booked-event.ts'
import type { NonceGuard } from '../../../wire/v1/nonce-guard.ts'
import { type NotaryArchive, nonceKey } from '../books/notary-archive.ts'

export type BlockDraftInit = {
  readonly slot: number
  readonly at: Timestamp
  readonly archive: NotaryArchive
  readonly books: BooksState
  readonly hash: Sha256Hex
  readonly clockSkewMs: DurationMs
  /** Of messages outside of contracts that came to something. */
  readonly nonces: Pick<NonceGuard, 'look'>
}

/** Messages of one contract that are kept at most; beyond, only those that move it on are taken. */
const CONTRACT_MESSAGES_MAX = 4_096

/** Sorts what was admitted: what is new, what was there before, and what is refused before the books see it. */
export class BlockDraft {
  readonly fresh: { readonly booked: BookedEvent; readonly waiter: Waiter }[] = []
  /** Whoever sent again what is in the log, or in this very block. */
  readonly repeats: { readonly message: Hash; readonly waiter: Waiter }[] = []
  readonly statements: { readonly statement: NotaryStatement; readonly waiter: Waiter }[] = []
  private readonly init: BlockDraftInit
  private readonly taken = new Set<Hash>()
  private readonly nonces = new Map<string, Hash>()
  private readonly offered = new Map<ContractId, EscrowTerms>()
  private readonly repeating = new Set<Waiter>()

  constructor(init: BlockDraftInit) {
    this.init = init
  }

  isRepeat(waiter: Waiter): boolean {
    return this.repeating.has(waiter)
  }

  take(item: Admitted | Dismissed): void {
    const { waiter } = item
    if (item.kind === 'dismissed') {
      this.refuse(item, item.code)
      return
    }
    const { sent, authenticated } = item
    const { hash: message, head } = sent.envelope
    const { archive, slot, at, books } = this.init
    if (this.taken.has(message) || archive.find(message) !== undefined) {
      this.repeats.push({ message, waiter })
      this.repeating.add(waiter)
      return
    }
    const evidence = { ...authenticated.evidence, at }
    const { contract } = head
    const known = contract && (contractOf(books, contract)?.terms ?? this.offered.get(contract))
    // Signatures were verified when the message was admitted.
    const reading = readMessage(
      { ...authenticated, evidence },
      { verify: () => true, terms: known, hash: this.init.hash },
    )
    const refusal = reading.kind === 'refused' ? reading.code : this.refusalOf(item)
    if (reading.kind === 'refused' || refusal !== undefined) {
      this.refuse({ message, waiter }, refusal ?? '')
      return
    }
    const booked = bookReading(sent, { slot, event: reading.event })
    if (reading.event.type === 'message-received' && reading.event.terms !== undefined)
      this.offered.set(booked.contract, reading.event.terms)
    this.taken.add(message)
    this.fresh.push({ booked, waiter })
  }

  /** A nonce has one message: another one under it is a conflict and changes nothing. */
  private refusalOf(item: Admitted): string | undefined {
    const { head, hash, type } = item.sent.envelope
    const { archive, nonces, at, books, clockSkewMs } = this.init
    // It was valid when it was admitted; the stamp is what everybody can look at later.
    const untimely = timeRefusalOf(head, { now: at, clockSkewMs })
    if (untimely !== undefined) return untimely
    const { contract } = head
    const key = nonceKey(head)
    if (contract === undefined) {
      const inBlock = this.nonces.get(key)
      if (inBlock !== undefined && inBlock !== hash) return 'ENVELOPE_NONCE_USED'
      const refusal = nonces.look({
        iss: head.iss,
        nonce: head.nonce,
        message: hash,
        now: at,
        clockSkewMs,
        isBacked: () => isBacked(books.ledger, head.iss),
      })
      if (refusal === undefined) this.nonces.set(key, hash)
      return refusal
    }
    const user = archive.nonceUser(contract, key) ?? this.nonces.get(`${contract}/${key}`)
    if (user !== undefined && user !== hash) return 'ENVELOPE_NONCE_USED'
    const isOptional = type === 'escrow-beat' || type === 'escrow-voucher' || type === 'escrow-evidence'
    const kept = archive.files.get(contract)?.entries.length ?? 0
    if (isOptional && kept >= CONTRACT_MESSAGES_MAX) return 'NOTARY_CONTRACT_FULL'
    this.nonces.set(`${contract}/${key}`, hash)
    return undefined
  }

  private refuse({ message, waiter }: { readonly message: Hash; readonly waiter: Waiter }, code: string): void {
    const statement: NotaryStatement = { message, effect: 'refused', code }
    this.statements.push({ statement, waiter })
  }
}
