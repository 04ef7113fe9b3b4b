import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { type DurationMs, timestampFromMs, type Timestamp } from '../../../src/base/time.ts'
import { formatBooksEvent } from '../../../src/core/books/books-codec.ts'
import { BOOKS_MACHINE, contractOf, nextFiringOf } from '../../../src/core/books/books-machine.ts'
import type { BooksEffect, BooksEvent, BooksState } from '../../../src/core/books/books-state.ts'
import type { EscrowRules } from '../../../src/core/escrow/escrow-rules.ts'
import type { NotarySetTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { timersOf } from '../../../src/core/escrow/escrow-timers.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import { listAccounts, listCurrencies } from '../../../src/core/ledger/ledger-balances.ts'
import { listTransfers } from '../../../src/core/ledger/list-transfers.ts'
import { GENESIS, hashOfBlock } from '../../../src/core/notary/block.ts'
import { type Certificate, certificatesOf } from '../../../src/core/notary/certificate.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import { bytesOfVote } from '../../../src/core/notary/statement.ts'
import type {
  ContractEvidence,
  ContractTransition,
  ContractView,
  CurrencyAccounts,
  FollowOptions,
  NotaryAnswer,
  NotaryClient,
} from '../../../src/ports/notary-client.ts'
import type { VerifySignature } from '../../../src/ports/signer.ts'
import { authenticate } from '../../../src/wire/v1/authenticate.ts'
import { encodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { readEscrowMessage } from '../../../src/wire/v1/escrow-events.ts'
import { readLedgerMessage } from '../../../src/wire/v1/ledger-events.ts'
import {
  formatReceipt,
  hashOfTransition,
  type NotaryReceipt,
  statementSigningBytes,
  type Transition,
} from '../../../src/wire/v1/notary-receipt.ts'
import { hashOfText } from '../../../src/wire/v1/signing-bytes.ts'
import { KEYS, type TestTime } from './party-fixtures.ts'

const ENCODER = new TextEncoder()
const LEDGER = '0'.repeat(64) as ContractId

function madeSet(): NotarySet {
  const made = createNotarySet({ epoch: 0, members: [{ key: KEYS.notary.did, address: '/memory/notary' }], f: 0 })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

export const SET: NotarySet = madeSet()
export const SET_TERMS: NotarySetTerms = { id: SET.id, epoch: 0, n: 1, m: 1, feeOwner: KEYS.feeOwner.did }

export type BooksNotaryInit = {
  readonly time: TestTime
  readonly verify: VerifySignature
  readonly parameters: readonly { readonly hash: Hash; readonly rules: EscrowRules }[]
  readonly network: string
}

/** One notary made of the books alone: no journal, no agreement. Stamps are the test's clock. */
export class BooksNotary implements NotaryClient {
  readonly set = SET
  books: BooksState
  /** While true, nothing is answered, and what was asked may have arrived. */
  isGone = false
  private readonly init: BooksNotaryInit
  private readonly answers = new Map<Hash, NotaryAnswer>()
  private readonly steps = new Map<ContractId, ContractEvidence[]>()
  private readonly chains = new Map<ContractId, Transition[]>()
  private readonly certificates = new Map<ContractId, Certificate>()
  private readonly auctions = new Map<ContractId, Hash>()
  private readonly waiting = new Set<() => void>()
  private slot = 0
  private previous: Hash = GENESIS
  private alarm: { cancel(): void } | undefined

  constructor(init: BooksNotaryInit) {
    this.init = init
    const at = timestampFromMs(init.time.now)
    this.books = BOOKS_MACHINE.initial({ at, set: SET_TERMS })
    for (const { hash, rules } of init.parameters) this.run({ type: 'parameters-published', hash, rules, at })
  }

  async submit(bytes: Uint8Array): Promise<NotaryAnswer> {
    if (this.isGone) throw new CodedError('NETWORK_UNREACHABLE', { message: 'gone' })
    const decoded = decodeEnvelope(bytes)
    if (decoded.kind === 'refused') throw new CodedError('REQUEST_INVALID', { message: decoded.code })
    const { envelope } = decoded
    const known = this.answers.get(envelope.hash)
    if (known !== undefined) return { ...known, effect: known.effect === 'applied' ? 'exists' : known.effect }
    const { verify, network } = this.init
    const at = this.stamp()
    const context = { verify, now: at, clockSkewMs: 30_000 as DurationMs, audience: [SET.id], network }
    const message = authenticate(envelope, context)
    if (message.kind === 'refused') return this.refuse(envelope.hash, message.code)
    const ledgerEvent = readLedgerMessage(message)
    if (ledgerEvent !== undefined) {
      const { effects } = this.run({ type: 'ledger-event-received', event: ledgerEvent as never })
      const refusal = refusalIn(effects)
      return refusal === undefined ? this.state(envelope.hash, 'exists') : this.refuse(envelope.hash, refusal)
    }
    const { contract } = envelope.head
    const terms = contract === undefined ? undefined : contractOf(this.books, contract)?.terms
    const reading = readEscrowMessage(message, { verify, terms })
    if (reading.kind === 'refused') return this.refuse(envelope.hash, reading.code)
    if (envelope.type === 'escrow-award' && envelope.body.auction !== undefined && contract !== undefined)
      this.auctions.set(contract, envelope.body.auction)
    return this.take(reading.event, { hash: envelope.hash, bytes })
  }

  async contract(contract: ContractId, { afterSeq = -1, waitMs = 0, signal }: FollowOptions = {}): Promise<ContractView | undefined> {
    if (this.isGone) throw new CodedError('NETWORK_UNREACHABLE', { message: 'gone' })
    if (waitMs > 0 && (this.chains.get(contract)?.length ?? 0) <= afterSeq + 1) await this.untilChange(waitMs, signal)
    signal?.throwIfAborted()
    return this.view(contract, afterSeq)
  }

  async evidence(contract: ContractId): Promise<readonly ContractEvidence[]> {
    return this.steps.get(contract) ?? []
  }

  async accounts(owner?: Did): Promise<readonly CurrencyAccounts[]> {
    return listCurrencies(this.books.ledger).map((currency) => ({
      currency,
      accounts: listAccounts(this.books.ledger, currency).filter((line) => owner === undefined || line.owner === owner),
      sumNanos: '0',
      head: null,
    }))
  }

  async transfers(contract?: ContractId): Promise<ReturnType<typeof listTransfers>> {
    return listTransfers(this.books.ledger, contract)
  }

  async prove(): Promise<never> {
    throw new TypeError('no journal')
  }

  async checkpoint(): Promise<never> {
    throw new TypeError('no journal')
  }

  /** Fires what is due. */
  private fire(): void {
    for (;;) {
      const due = this.books.timers?.firing
      if (due === undefined || due.at > this.init.time.now) break
      const event: BooksEvent = { type: 'timer-fired', contract: due.contract, name: due.name, at: this.stamp() }
      const hash = hashOfText(canonicalJson({ ordered: JSON.parse(formatBooksEvent(event)) }))
      this.take(event, { hash, bytes: undefined })
    }
  }

  private take(event: BooksEvent, sent: { readonly hash: Hash; readonly bytes: Uint8Array | undefined }): NotaryAnswer {
    const contract = 'contract' in event ? event.contract : LEDGER
    const from = contractOf(this.books, contract)?.kind ?? 'DRAFT'
    const { effects } = this.run(event)
    const to = contractOf(this.books, contract)?.kind ?? from
    const edges = effects.flatMap((effect) => (effect.type === 'record-transition' ? [effect.edge] : []))
    const refusal = refusalIn(effects)
    if (edges.length === 0) return refusal === undefined ? this.state(sent.hash, 'exists') : this.refuse(sent.hash, refusal)
    const chain = this.chains.get(contract) ?? []
    const receipt = effects.findLast((effect) => effect.type === 'issue-receipt')?.receipt
    const before = chain.at(-1)
    const transition: Transition = {
      contract,
      seq: chain.length,
      previous: before === undefined ? ('0'.repeat(64) as Hash) : hashOfTransition(before),
      message: sent.hash,
      at: this.books.at,
      event: event.type === 'message-received' ? event.message.type : event.type,
      effect: refusal === undefined ? 'applied' : 'refused',
      ...(refusal !== undefined && { code: refusal }),
      from,
      to,
      edges,
      ...(receipt && {
        receipt: {
          kind: receipt.kind,
          currency: receipt.currency,
          capturedNanos: String(receipt.capturedNanos),
          feeNanos: String(receipt.feeNanos),
          refundedNanos: String(receipt.refundedNanos),
          ...(receipt.subject !== undefined && { subject: receipt.subject }),
        },
      }),
    }
    const certificate = this.certify(transition)
    const bytes = this.receiptBytes({ kind: 'transition', transition, certificate })
    this.chains.set(contract, [...chain, transition])
    this.steps.set(contract, [...(this.steps.get(contract) ?? []), { envelope: sent.bytes, receipt: bytes }])
    this.certificates.set(contract, certificate)
    const answer: NotaryAnswer = { effect: transition.effect, code: refusal, receipt: bytes }
    this.answers.set(sent.hash, answer)
    for (const wake of this.waiting) wake()
    return answer
  }

  private certify(transition: Transition): Certificate {
    this.slot += 1
    const { contract, seq, message } = transition
    const at = transition.at as Timestamp
    const hash = hashOfTransition(transition)
    const entries = [{ message: message as Hash, contract: contract as ContractId, seq, transition: hash }]
    const block = { slot: this.slot, previous: this.previous, at, entries, state: hash }
    const vote = { phase: 'commit', view: 0, slot: this.slot, block: hashOfBlock(block) } as const
    this.previous = vote.block
    const signature = encodeSignature(KEYS.notary.sign(bytesOfVote(SET, vote)))
    const [certificate] = certificatesOf(SET, { block, quorum: { ...vote, signatures: [{ member: 0, signature }] } })
    if (certificate === undefined) throw new TypeError('unreachable')
    return certificate
  }

  private refuse(message: Hash, code: string): NotaryAnswer {
    return this.state(message, 'refused', code)
  }

  private state(message: Hash, effect: 'exists' | 'refused', code?: string): NotaryAnswer {
    const statement = { message, at: this.stamp(), effect, ...(code !== undefined && { code }) }
    const signature = encodeSignature(KEYS.notary.sign(statementSigningBytes(SET.id, statement)))
    const receipt = this.receiptBytes({ kind: 'statement', statement, signatures: [{ member: 0, signature }] })
    return { effect, code, receipt }
  }

  private receiptBytes(receipt: NotaryReceipt): Uint8Array {
    return ENCODER.encode(formatReceipt(SET.id, receipt))
  }

  private run(event: BooksEvent): { readonly effects: readonly BooksEffect[] } {
    const step = BOOKS_MACHINE.transition(this.books, event)
    this.books = step.state
    const broken = BOOKS_MACHINE.violations(this.books)
    if (broken.length > 0) throw new Error(broken.join('; '))
    this.alarm?.cancel()
    const next = nextFiringOf(this.books)
    this.alarm =
      next === undefined
        ? undefined
        : this.init.time.schedule(Math.max(0, next - this.init.time.now), () => this.fire())
    return step
  }

  private stamp(): Timestamp {
    return timestampFromMs(Math.max(this.init.time.now, this.books.at))
  }

  private async untilChange(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const done = Promise.withResolvers<void>()
    const wake = (): void => done.resolve()
    this.waiting.add(wake)
    const timer = this.init.time.schedule(waitMs, wake)
    signal?.addEventListener('abort', wake, { once: true })
    await done.promise
    signal?.removeEventListener('abort', wake)
    timer.cancel()
    this.waiting.delete(wake)
  }

  private view(contract: ContractId, afterSeq: number): ContractView | undefined {
    const state = contractOf(this.books, contract)
    if (state === undefined) return undefined
    const { terms } = state
    const chain = this.chains.get(contract) ?? []
    const envelopes = new Set((this.steps.get(contract) ?? []).map(({ envelope }) => envelope))
    const captured = 'capturedNanos' in state ? state.capturedNanos : 0n
    const wasHeld = chain.some(({ edges }) => edges.includes('hold'))
    return {
      contract,
      contractHash: contract,
      task: terms.taskHash,
      auction: this.auctions.get(contract) ?? null,
      payer: terms.payer,
      worker: terms.worker,
      state: state.kind,
      currency: terms.currency,
      custody: terms.custodyLabel,
      priceNanos: String(terms.maxNanos),
      heldNanos: wasHeld ? String(terms.maxNanos) : '0',
      capturedNanos: String(captured),
      releasedNanos: 'capturedNanos' in state ? String(terms.maxNanos - captured) : '0',
      feeNanos: 'feeNanos' in state ? String(state.feeNanos) : '0',
      refundedNanos: 'refundedNanos' in state ? String(state.refundedNanos) : '0',
      resultHash: 'delivery' in state ? state.delivery.result : null,
      certificate: this.certificates.get(contract) ?? null,
      timers: timersOf(state),
      transitions: chain.filter(({ seq }) => seq > afterSeq).map((transition) => transitionLine(transition, envelopes.size)),
      transfers: listTransfers(this.books.ledger, contract),
    }
  }
}

function transitionLine(transition: Transition, _known: number): ContractTransition {
  const { seq, from, event, to, at, message } = transition
  return {
    seq,
    from: from ?? 'DRAFT',
    event,
    to: to ?? 'DRAFT',
    at: at as Timestamp,
    envelopeHash: event === 'timer-fired' ? null : (message as Hash),
  }
}

function refusalIn(effects: readonly BooksEffect[]): string | undefined {
  for (const effect of effects) {
    const inner = effect.type === 'ledger-effect' ? effect.effect : effect
    if (inner.type === 'event-refused') return inner.code
  }
  return undefined
}
