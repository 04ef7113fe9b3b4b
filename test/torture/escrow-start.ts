import { BOOKS_MACHINE } from '../../src/core/books/books-machine.ts'
import type { BooksEvent, BooksState } from '../../src/core/books/books-state.ts'
import { transferIdOf } from '../../src/core/escrow/escrow-money.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import type { LedgerEvent } from '../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../src/core/ledger/ledger-machine.ts'
import { issuerOf, parseTransferId, type TransferId } from '../../src/core/ledger/ledger-names.ts'
import { hashNamed, ms, nanos, NOTARY, RULES, RULES_HASH } from '../core/escrow/escrow-builder.ts'
import { NOW } from './escrow-deadlines.ts'
import { NO_GHOST } from './escrow-ghost.ts'
import { CONTRACT, type EscrowNode } from './escrow-node.ts'
import { accountsOf, balancesOf } from './escrow-text.ts'
import { type EscrowWorld, PARTIES, POCKETS } from './escrow-worlds.ts'

/** The world before the offer: a currency, and what the parties have of it. */
export function startOf(world: EscrowWorld): EscrowNode {
  const { terms, funds } = world
  const issuer = issuerOf(terms.currency)
  const events: Exclude<LedgerEvent, { type: 'transfers-submitted' | 'holds-expired' }>[] = [
    {
      type: 'currency-registered',
      ...evidence(issuer, 0),
      currency: terms.currency,
      cap: nanos(10),
      recoveryKey: NOTARY,
      recoveryDelay: ms(3_600_000),
    },
  ]
  for (const party of ['payer', 'worker'] as const) {
    if (funds[party] === 0) continue
    events.push({
      type: 'credits-issued',
      ...evidence(issuer, events.length),
      id: transferNamed(`funds of ${party}`),
      owner: PARTIES[party],
      currency: terms.currency,
      amount: nanos(funds[party]),
      reference: 'funds',
      isConfirmed: true,
    })
  }
  const empty = { escrow: undefined, isPruned: false, timers: new Map(), queue: [], answers: [], ghost: NO_GHOST }
  if (world.runs === 'apart') {
    let ledger = LEDGER_MACHINE.initial({ at: NOW })
    for (const event of events) ledger = LEDGER_MACHINE.transition(ledger, event).state
    return { ...empty, ledger, books: undefined }
  }
  let books: BooksState = BOOKS_MACHINE.initial({ at: NOW, set: terms.notarySet })
  const published: BooksEvent = { type: 'parameters-published', hash: RULES_HASH, rules: RULES, at: NOW }
  books = BOOKS_MACHINE.transition(books, published).state
  for (const event of events)
    books = BOOKS_MACHINE.transition(
      books,
      event.type === 'issuer-listed' ? event : { type: 'ledger-event-received', event },
    ).state
  return { ...empty, ledger: books.ledger, books }
}

function evidence(iss: Did, seq: number) {
  return { envelope: hashNamed(`${iss} ${seq}`), iss, seq, prev: undefined, at: NOW }
}

function transferNamed(text: string): TransferId {
  const id = parseTransferId(hashNamed(text).slice(0, 32))
  if (id === undefined) throw new TypeError('unreachable')
  return id
}

/** The party moves all that is free to its pocket, or all of the pocket back; `undefined` when there is nothing to move. */
export function pocketEvent(
  { ledger }: EscrowNode,
  world: EscrowWorld,
  { party, isBack }: { readonly party: 'payer' | 'worker'; readonly isBack: boolean },
): Extract<LedgerEvent, { type: 'orders-signed' }> | undefined {
  const accounts = accountsOf(world)
  const [own, pocket] = [accounts[party], accounts[`pocket of ${party}`]]
  const amount = balancesOf(ledger, world)[isBack ? `pocket of ${party}` : party] ?? 0n
  if (own === undefined || pocket === undefined || amount <= 0n) return undefined
  const iss = isBack ? POCKETS[party] : PARTIES[party]
  const [debit, credit] = isBack ? [pocket, own] : [own, pocket]
  // What the ledger remembers only grows within a run, so that no id comes twice.
  const id = transferNamed(`pocket ${ledger.remembered.size} ${ledger.holds.size}`)
  const order = { kind: 'post', id, isLinked: false, contract: undefined, reference: undefined, debit, credit } as const
  return { type: 'orders-signed', ...evidence(iss, 0), orders: [{ ...order, amount: nanos(amount) }] }
}

/** An order of the party that has the most, under the id that the contract's first try for a purpose will have. */
export function squatEvent(purpose: string, world: EscrowWorld): Extract<LedgerEvent, { type: 'orders-signed' }> {
  const accounts = accountsOf(world)
  const { payer: debit, 'pocket of payer': credit } = accounts
  if (debit === undefined || credit === undefined) throw new TypeError('unreachable')
  const id = transferIdOf(CONTRACT, purpose, 1)
  const head = { kind: 'post', id, isLinked: false, contract: undefined, reference: undefined } as const
  return {
    type: 'orders-signed',
    ...evidence(PARTIES.payer, 0),
    orders: [{ ...head, debit, credit, amount: nanos(0) }],
  }
}
