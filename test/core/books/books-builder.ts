import { HOUR_MS, timestampFromMs, type Timestamp } from '../../../src/base/time.ts'
import { BOOKS_MACHINE } from '../../../src/core/books/books-machine.ts'
import type { BooksEffect, BooksEvent, BooksLimits, BooksState } from '../../../src/core/books/books-state.ts'
import type { EscrowMessageEvent } from '../../../src/core/escrow/escrow-event.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import {
  type AccountKind,
  type Currency,
  formatAccountId,
  parseTransferId,
} from '../../../src/core/ledger/ledger-names.ts'
import { balanceOf } from '../../../src/core/ledger/ledger-state.ts'
import {
  type Body,
  ISSUER,
  NOTARY,
  PAYER,
  PAYER_CREDITS,
  RULES,
  RULES_HASH,
  START,
  USD,
  WORKER,
  hashNamed,
  message,
  nanos,
  termsOf,
} from '../escrow/escrow-builder.ts'

/** Books under test, with what came of each event. Stamps are milliseconds after `START`. */
export class Books {
  state: BooksState
  readonly events: BooksEvent[] = []
  effects: readonly BooksEffect[] = []
  #transfers = 0
  #seqs = new Map<string, number>()

  constructor(init: { readonly limits?: BooksLimits; readonly funds?: readonly (readonly [Did, number])[] } = {}) {
    const {
      limits,
      funds = [
        [PAYER, 1_000],
        [WORKER, 1_000],
      ],
    } = init
    this.state = BOOKS_MACHINE.initial({ at: START, set: termsOf().notarySet, ...(limits && { limits }) })
    this.send({ type: 'parameters-published', hash: RULES_HASH, rules: RULES, at: START })
    this.send({ type: 'issuer-listed', issuer: ISSUER, isListed: true, at: START })
    this.#register(USD, ISSUER)
    this.#register(PAYER_CREDITS, PAYER)
    for (const [owner, amount] of funds) if (amount > 0) this.#issue(owner, amount)
  }

  send(event: BooksEvent): readonly BooksEffect[] {
    const step = BOOKS_MACHINE.transition(this.state, event)
    this.events.push(event)
    this.state = step.state
    this.effects = step.effects
    return step.effects
  }

  /** A party's next message about a contract. */
  say(
    contract: { readonly id: ContractId; readonly terms: EscrowTerms },
    signed: { readonly iss: Did; readonly at: number; readonly body: Body },
  ): readonly BooksEffect[] {
    const key = `${contract.id}/${signed.iss}`
    const seq = this.#seqs.get(key) ?? 0
    this.#seqs.set(key, seq + 1)
    const sent = message(signed.body, { iss: signed.iss, seq, at: at(signed.at), salt: contract.id })
    return this.receive(contract, sent)
  }

  receive(
    { id, terms }: { readonly id: ContractId; readonly terms: EscrowTerms },
    sent: EscrowMessageEvent,
  ): readonly BooksEffect[] {
    return this.send({
      type: 'message-received',
      contract: id,
      terms: sent.type === 'offered' ? terms : undefined,
      message: sent,
    })
  }

  advance(to: number): readonly BooksEffect[] {
    return this.send({ type: 'stamp-advanced', at: at(to) })
  }

  balance(owner: Did, kind: AccountKind, currency: Currency = USD): bigint {
    return balanceOf(this.state.ledger, formatAccountId({ owner, kind, currency }))
  }

  #register(currency: Currency, iss: Did): void {
    this.send({
      type: 'ledger-event-received',
      event: {
        type: 'currency-registered',
        envelope: hashNamed(`register ${currency}`),
        iss,
        seq: 0,
        prev: undefined,
        at: START,
        currency,
        cap: nanos(10_000),
        recoveryKey: NOTARY,
        recoveryDelay: HOUR_MS,
      },
    })
  }

  #issue(owner: Did, amount: number): void {
    this.#transfers += 1
    const id = parseTransferId(this.#transfers.toString(16).padStart(32, '0'))
    if (id === undefined) throw new TypeError('unreachable')
    const head = { envelope: hashNamed(`issue ${id}`), iss: ISSUER, seq: this.#transfers, prev: undefined, at: START }
    const issue = {
      id,
      owner,
      currency: USD,
      amount: nanos(amount),
      reference: `payment ${this.#transfers}`,
      isConfirmed: true,
    }
    this.send({ type: 'ledger-event-received', event: { type: 'credits-issued', ...head, ...issue } })
  }
}

export function at(offset: number): Timestamp {
  return timestampFromMs(START + offset)
}
