import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../../src/base/time.ts'
import { formatBooksState, parseBooksState } from '../../../src/core/books/books-codec.ts'
import { BOOKS_MACHINE, contractOf } from '../../../src/core/books/books-machine.ts'
import { BOOKS_LIMITS_DEFAULT, type BooksEvent, type BooksLimits } from '../../../src/core/books/books-state.ts'
import { evidenceRootOf } from '../../../src/core/escrow/evidence-root.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { type Currency, formatAccountId, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import { LEDGER_LIMITS_DEFAULT, type LedgerLimits, spendableOf } from '../../../src/core/ledger/ledger-state.ts'
import { isBacked } from '../../../src/core/ledger/rooms.ts'
import {
  type Body,
  contractNamed,
  currencyOf,
  didNamed,
  hashNamed,
  ISSUER,
  message,
  ms,
  nanos,
  NOTARY,
  PAYER,
  RULES,
  RULES_HASH,
  START,
  termsOf,
  USD,
  WATCHER,
  WORKER,
} from '../escrow/escrow-builder.ts'
import { at } from './books-builder.ts'

type LedgerBody = Extract<BooksEvent, { type: 'ledger-event-received' }>['event']

const NAMES = 'abcdefghijkmnopqrstuvwxyz'
/** Somebody whom nobody knows, and a second key of his. */
const EVE = WATCHER
const SYBIL = didNamed('sybiB')
const EVIL = currencyOf('EVIL', EVE)
const WITHOUT_FEES = { capNanos: nanos(0), flatNanos: nanos(0), perMillion: 0, arbiterNanos: nanos(0) }

/** Books whose set lists the issuer of USD, in which a payer and a worker have some, and Eve 10^12 nanos of credits that she made for herself. */
class World {
  state: ReturnType<typeof BOOKS_MACHINE.initial>
  #count = 0

  constructor({ books = {}, ledger = {} }: { books?: Partial<BooksLimits>; ledger?: Partial<LedgerLimits> }) {
    this.state = BOOKS_MACHINE.initial({
      at: START,
      set: termsOf().notarySet,
      limits: { ...BOOKS_LIMITS_DEFAULT, ...books },
      ledgerLimits: { ...LEDGER_LIMITS_DEFAULT, ...ledger },
    })
    this.send({ type: 'parameters-published', hash: RULES_HASH, rules: RULES, at: START })
    this.send({ type: 'issuer-listed', issuer: ISSUER, isListed: true, at: START })
    this.register(USD, ISSUER)
    for (const owner of [PAYER, WORKER]) this.issue(owner)
    this.register(EVIL, EVE)
    this.issue(EVE, { currency: EVIL, amount: 10n ** 12n })
  }

  send(event: BooksEvent): string | undefined {
    const step = BOOKS_MACHINE.transition(this.state, event)
    this.state = step.state
    for (const effect of step.effects) {
      const inner = effect.type === 'ledger-effect' ? effect.effect : effect
      if (inner.type === 'event-refused') return inner.code
    }
    return undefined
  }

  ledger(iss: Did, body: object): string | undefined {
    this.#count += 1
    const head = {
      envelope: hashNamed(`event ${this.#count}`),
      iss,
      seq: this.#count,
      prev: undefined,
      at: this.state.at,
    }
    return this.send({ type: 'ledger-event-received', event: { ...head, ...body } as LedgerBody })
  }

  register(currency: Currency, iss: Did): string | undefined {
    const recovery = { recoveryKey: undefined, recoveryDelay: undefined }
    return this.ledger(iss, { type: 'currency-registered', currency, cap: nanos(10n ** 15n), ...recovery })
  }

  issue(
    owner: Did,
    {
      currency = USD,
      amount = 1_000n,
      isConfirmed = true,
    }: { currency?: Currency; amount?: bigint; isConfirmed?: boolean } = {},
  ): string | undefined {
    const iss = currency === USD ? ISSUER : EVE
    const id = parseTransferId(hashNamed(`transfer ${this.#count}`).slice(0, 32).replace(/^f/u, '0'))
    return this.ledger(iss, {
      type: 'credits-issued',
      id,
      owner,
      currency,
      amount: nanos(amount),
      reference: 'x',
      isConfirmed,
    })
  }

  /** As far as the contract comes, and why not farther. */
  deal(name: string, terms: EscrowTerms, steps = 4): string | undefined {
    const id = contractNamed(name)
    const bodies: Body[] = [
      { type: 'offered', expiresAt: at(60_000) },
      { type: 'awarded' },
      { type: 'contract-signed', signers: [terms.payer, terms.worker] },
      { type: 'hold-requested' },
    ]
    for (const [seq, body] of bodies.slice(0, steps).entries()) {
      const said = message(body, { iss: terms.payer, seq, at: at(1), salt: id })
      const code = this.send({
        type: 'message-received',
        contract: id,
        terms: seq === 0 ? terms : undefined,
        message: said,
      })
      if (code !== undefined) return code
    }
    return undefined
  }

  /** Eve makes contracts with herself until one is refused. */
  fill(change: (index: number) => Partial<EscrowTerms> = () => ({}), steps = 4): number {
    for (let index = 0; index < 60; index += 1) {
      const terms = termsOf({
        payer: EVE,
        worker: SYBIL,
        currency: EVIL,
        custody: 'C2',
        custodyLabel: 'C2/f=0',
        bonds: { payerNanos: nanos(0), workerNanos: nanos(0), disputeNanos: nanos(16) },
        penalties: { p1Nanos: nanos(0), p2Nanos: nanos(0) },
        maxNanos: nanos(1),
        fees: WITHOUT_FEES,
        arbiters: { members: [], k: 0 },
        ...change(index),
      })
      if (this.deal(`evil ${index}`, terms, steps) !== undefined) return index
    }
    return 60
  }
}

describe('no number of free keys and currencies of their own', () => {
  it('keeps listed credits from being held for', () => {
    const open = new World({ books: { openMax: 6 } })
    expect(open.fill()).toBe(3)
    expect(open.deal('honest', termsOf())).toBeUndefined()
    const kept = new World({ books: { keptMax: 6 } })
    expect(kept.fill()).toBe(3)
    expect(kept.deal('honest', termsOf())).toBeUndefined()
    expect(contractOf(kept.state, contractNamed('honest'))?.kind).toBe('HELD')
  })

  it('keeps payers who have the price from offering', () => {
    const world = new World({ books: { offeredMax: 6 } })
    expect(world.fill(undefined, 1)).toBe(3)
    // Nor does one who offers in the name of a payer that has it.
    const inHisName = termsOf({ payer: PAYER, worker: SYBIL })
    const offer = message({ type: 'offered', expiresAt: at(60_000) }, { iss: SYBIL, seq: 0, at: at(1), salt: 'x' })
    const sent = { type: 'message-received', contract: contractNamed('x'), terms: inHisName, message: offer } as const
    expect(world.send(sent)).toBe('BOOKS_OFFERS_FULL')
    expect(world.deal('poor', termsOf({ payer: SYBIL }))).toBe('BOOKS_OFFERS_FULL')
    expect(world.deal('honest', termsOf())).toBeUndefined()
  })

  it('fills the accounts, by arbiters of contracts, by transfers to fresh names', () => {
    const world = new World({ ledger: { accountsMax: 60 } })
    const arbiters = (index: number): readonly Did[] =>
      Array.from({ length: 16 }, (_, member) => didNamed(`arb${NAMES.charAt(index)}${NAMES.charAt(member)}`)).toSorted()
    const fees = { ...WITHOUT_FEES, arbiterNanos: nanos(1) }
    world.fill((index) => ({ arbiters: { members: arbiters(index % 20), k: 1 }, fees }))
    for (let index = 0; index < 80; index += 1) {
      const credit = formatAccountId({
        owner: didNamed(`acc${NAMES.charAt(index % 25)}${NAMES.charAt(index % 24)}`),
        kind: 'available',
        currency: EVIL,
      })
      const debit = formatAccountId({ owner: EVE, kind: 'available', currency: EVIL })
      const id = (index + 16).toString(16).padStart(32, '0')
      const order = {
        kind: 'post',
        id,
        isLinked: false,
        contract: undefined,
        reference: undefined,
        debit,
        credit,
        amount: nanos(1),
      }
      world.ledger(EVE, { type: 'orders-signed', orders: [order] })
    }
    expect(world.state.ledger.accounts.size).toBeLessThanOrEqual(30)
    expect(world.issue(didNamed('newbi'))).toBeUndefined()
    expect(world.deal('honest', termsOf())).toBeUndefined()
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  })

  it('fills more than half of the accounts by arbiters of contracts that are held at once and ruled later', () => {
    const world = new World({ ledger: { accountsMax: 120 } })
    const arbiters = (index: number): readonly Did[] =>
      Array.from({ length: 16 }, (_, member) => didNamed(`arb${NAMES.charAt(index)}${NAMES.charAt(member)}`)).toSorted()
    const termsAt = (index: number): Partial<EscrowTerms> => ({
      arbiters: { members: arbiters(index), k: 16 },
      fees: { ...WITHOUT_FEES, arbiterNanos: nanos(1) },
    })
    const held = world.fill((index) => termsAt(index % 20))
    expect(held).toBe(3)
    const hash = hashNamed('result')
    const content = { result: hash, manifest: hash, meter: hash, verdict: hash, claimNanos: nanos(1) }
    for (let index = 0; index < held; index += 1) {
      const say = (iss: Did, seq: number, body: Body): void => {
        const said = message(body, { iss, seq, at: at(2), salt: contractNamed(`evil ${index}`) })
        const contract = contractNamed(`evil ${index}`)
        expect(world.send({ type: 'message-received', contract, terms: undefined, message: said })).toBeUndefined()
      }
      say(SYBIL, 0, { type: 'started' })
      say(SYBIL, 1, { type: 'delivered', ...content })
      say(EVE, 4, { type: 'rejected', reason: 'wrong', evidence: hash, concededNanos: nanos(0) })
      say(SYBIL, 2, { type: 'disputed', evidence: hash, claimNanos: nanos(1) })
    }
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
    world.send({ type: 'stamp-advanced', at: at(1_500) })
    for (let index = 0; index < held; index += 1) {
      const contract = contractNamed(`evil ${index}`)
      const state = contractOf(world.state, contract)
      const evidenceRoot = evidenceRootOf(contract, state?.kind === 'DISPUTED' ? state.evidence : [])
      const signers = arbiters(index)
      const [iss = EVE] = signers
      const body: Body = { type: 'ruled', evidenceRoot, workerNanos: nanos(1), signers }
      const said = message(body, { iss, seq: 0, at: at(1_600), salt: contract })
      expect(world.send({ type: 'message-received', contract, terms: undefined, message: said })).toBeUndefined()
    }
    expect(world.state.ledger.accounts.size).toBeLessThanOrEqual(60)
    expect(world.issue(didNamed('newbi'))).toBeUndefined()
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  })

  it('fills more than its share of the accounts by holds whose accounts have nothing in them yet', () => {
    const world = new World({ ledger: { accountsMax: 40 } })
    const accountOf = (owner: Did) => formatAccountId({ owner, kind: 'available', currency: EVIL })
    const order = (kind: string, index: number, more: object): string | undefined => {
      const id = (index + 16).toString(16).padStart(32, '0')
      const orders = [
        { kind, id, isLinked: false, contract: undefined, reference: undefined, amount: nanos(1), ...more },
      ]
      return world.ledger(EVE, { type: 'orders-signed', orders })
    }
    const names = Array.from({ length: 40 }, (_, index) =>
      didNamed(`acc${NAMES.charAt(index % 25)}${NAMES.charAt(index % 24)}`),
    )
    const debit = accountOf(EVE)
    const waits = names.map((owner, index) =>
      order('hold', index, { debit, credit: accountOf(owner), expiresAt: at(60_000), agent: EVE }),
    )
    const held = waits.filter((code) => code === undefined).length
    expect(held).toBeGreaterThan(0)
    expect(waits.at(-1)).toBe('LEDGER_ACCOUNTS_FULL')
    world.fill()
    for (const [index, owner] of names.entries())
      if (waits[index] === undefined) {
        const heldId = (index + 16).toString(16).padStart(32, '0')
        expect(order('post-held', index + 100, { heldId, credit: accountOf(owner) })).toBeUndefined()
      }
    expect(world.state.ledger.accounts.size).toBeLessThanOrEqual(20)
    expect(world.state.ledger.promised.size).toBe(2)
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  })

  it('keeps owners of listed credits from naming a recovery key, or from giving a key up', () => {
    const world = new World({ ledger: { accountsMax: 20 } })
    const delay = { recoveryKey: NOTARY, recoveryDelay: ms(HOUR_MS) }
    const codes = Array.from({ length: 20 }, (_, index) =>
      world.ledger(didNamed(`own${NAMES.charAt(index)}a`), { type: 'account-opened', ...delay }),
    )
    expect(codes.filter((code) => code === undefined)).toHaveLength(10)
    expect(codes.at(-1)).toBe('LEDGER_ACCOUNTS_FULL')
    expect(world.ledger(WORKER, { type: 'account-opened', ...delay })).toBeUndefined()
    expect(world.ledger(PAYER, { type: 'key-rotated', key: didNamed('paye2'), isLost: true })).toBeUndefined()
  })

  it('keeps owners from giving a key up whose listed credits are in a contract, earned or not confirmed, or those of a key before', () => {
    const world = new World({ ledger: { accountsMax: 40 } })
    expect(world.deal('all', termsOf({ maxNanos: nanos(980) }))).toBeUndefined()
    expect(spendableOf(world.state.ledger, formatAccountId({ owner: PAYER, kind: 'available', currency: USD }))).toBe(
      0n,
    )
    const waits = didNamed('waits')
    expect(world.issue(waits, { isConfirmed: false })).toBeUndefined()
    const [second, third] = [didNamed('work2'), didNamed('work3')]
    expect(world.ledger(WORKER, { type: 'key-rotated', key: second, isLost: false })).toBeUndefined()
    const delay = { recoveryKey: NOTARY, recoveryDelay: ms(HOUR_MS) }
    const codes = Array.from({ length: 25 }, (_, index) =>
      world.ledger(didNamed(`own${NAMES.charAt(index % 25)}a`), { type: 'account-opened', ...delay }),
    )
    expect(codes.at(-1)).toBe('LEDGER_ACCOUNTS_FULL')
    expect(world.ledger(SYBIL, { type: 'key-rotated', key: EVE, isLost: true })).toBe('LEDGER_ACCOUNTS_FULL')
    expect(world.ledger(PAYER, { type: 'key-rotated', key: didNamed('paye2'), isLost: true })).toBeUndefined()
    expect(world.ledger(waits, { type: 'key-rotated', key: didNamed('wait2'), isLost: true })).toBeUndefined()
    expect(world.ledger(second, { type: 'key-rotated', key: third, isLost: true })).toBeUndefined()
    expect(isBacked(world.state.ledger, third)).toBe(true)
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
    expect(formatBooksState(parseBooksState(JSON.parse(formatBooksState(world.state))) ?? world.state)).toBe(
      formatBooksState(world.state),
    )
  })

  it('takes the place of a listed issuer or of an owner from the key that signs for it', () => {
    const world = new World({})
    const [issuer2, issuer3, payer2, evib2] = [
      didNamed('bank2'),
      didNamed('bank3'),
      didNamed('paye2'),
      didNamed('evib2'),
    ]
    const rotate = (iss: Did, key: Did) => world.ledger(iss, { type: 'key-rotated', key, isLost: false })
    const codes = [rotate(ISSUER, issuer2), rotate(issuer2, issuer3), rotate(PAYER, payer2), rotate(EVE, evib2)]
    expect(codes).toEqual([undefined, undefined, undefined, undefined])
    const { ledger } = world.state
    expect([issuer3, payer2, WORKER].map((key) => isBacked(ledger, key))).toEqual([true, true, true])
    expect([EVE, evib2, SYBIL, NOTARY].map((key) => isBacked(ledger, key))).toEqual([false, false, false, false])
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  })

  it('keeps a listed issuer from registering, or from issuing what is not confirmed', () => {
    const world = new World({ ledger: { accountsMax: 40, holdsMax: 8 } })
    const codes = Array.from({ length: 40 }, (_, index) => world.register(currencyOf(`C${index}`, EVE), EVE))
    expect(codes.at(-1)).toBe('LEDGER_ACCOUNTS_FULL')
    expect(world.register(currencyOf('EUR', ISSUER), ISSUER)).toBeUndefined()
    const issued = Array.from({ length: 8 }, () => world.issue(EVE, { currency: EVIL, amount: 1n, isConfirmed: false }))
    expect(issued.at(-1)).toBe('LEDGER_HOLDS_FULL')
    expect(world.issue(PAYER, { isConfirmed: false })).toBeUndefined()
  })

  it('fills what is remembered of clients', () => {
    const world = new World({ ledger: { rememberedMax: 64 } })
    const codes = Array.from({ length: 40 }, () => world.issue(EVE, { currency: EVIL, amount: 1n }))
    expect(codes.at(-1)).toBe('LEDGER_MEMORY_FULL')
    expect(world.issue(PAYER)).toBeUndefined()
  })
})

describe('a listed issuer', () => {
  it('is listed once, and struck off with its currencies', () => {
    const world = new World({})
    const { state } = world
    expect([...state.ledger.listed]).toEqual([USD])
    world.send({ type: 'issuer-listed', issuer: ISSUER, isListed: true, at: START })
    expect(world.state).toBe(state)
    world.send({ type: 'issuer-listed', issuer: ISSUER, isListed: false, at: START })
    expect([...world.state.ledger.listed]).toEqual([])
    world.send({ type: 'issuer-listed', issuer: EVE, isListed: true, at: START })
    expect([...world.state.ledger.listed]).toEqual([EVIL])
    expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  })
})

it('an account with nothing in it leaves its room to others when there is none, and comes back when it is paid', () => {
  const world = new World({ ledger: { accountsMax: 12 } })
  const move = (name: string, from: Did, to: Did, amount: bigint): string | undefined => {
    const [debit, credit] = [from, to].map((owner) => formatAccountId({ owner, kind: 'available', currency: USD }))
    const id = hashNamed(name).slice(0, 32).replace(/^f/u, '0')
    const order = {
      kind: 'post',
      id,
      isLinked: false,
      contract: undefined,
      reference: undefined,
      debit,
      credit,
      amount: nanos(amount),
    }
    return world.ledger(from, { type: 'orders-signed', orders: [order] })
  }
  // One credit goes from key to key: each leaves an account with nothing in it.
  let from = PAYER
  for (let index = 0; index < 24; index += 1) {
    const to = didNamed(`hop${NAMES.charAt(index)}a`)
    expect(move(`hop ${index}`, from, to, 1_000n)).toBeUndefined()
    from = to
  }
  expect(world.state.ledger.accounts.size).toBeLessThanOrEqual(9)
  expect(move('back', from, PAYER, 1_000n)).toBeUndefined()
  expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
  world.send({ type: 'stamp-advanced', at: at(400 * DAY_MS) })
  expect(BOOKS_MACHINE.violations(world.state)).toEqual([])
})
