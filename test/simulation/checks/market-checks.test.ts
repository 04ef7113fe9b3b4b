import { beforeAll, describe, expect, it } from 'vitest'
import type { BooksState } from '../../../src/core/books/books-state.ts'
import { hashTrieGet, hashTrieSet } from '../../../src/core/collections/hash-trie.ts'
import type { EndedState } from '../../../src/core/escrow/escrow-state.ts'
import type { AccountRow, LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { formatAccountId } from '../../../src/core/ledger/ledger-names.ts'
import type { BookedStep } from '../../../src/market/notary/books/journaled-books.ts'
import { CheckBook } from '../../../src/simulation/checks/check-book.ts'
import {
  findContractFault,
  findDeadlineFault,
  findRepetition,
} from '../../../src/simulation/checks/market-contracts.ts'
import { findDisagreement } from '../../../src/simulation/checks/market-journals.ts'
import { findFlowFault, findLedgerFault, outstandingNanos } from '../../../src/simulation/checks/market-ledger.ts'
import { findReputationFault, type ShownReputation } from '../../../src/simulation/checks/market-reputation.ts'
import { contractOf } from '../../../src/simulation/checks/market-steps.ts'
import { checkMarket, MARKET_CHECKS } from '../../../src/simulation/market/audit/check-market.ts'
import { type AuditedBooks, auditBooks, readBookLines } from '../../../src/simulation/market/audit/read-books.ts'
import { openPair, type Pair } from '../market/market-pair.ts'

let pair: Pair
let books: AuditedBooks
let lines: readonly string[]
const checks = new CheckBook(() => ({ atMs: 0, event: 0 }))

beforeAll(async () => {
  pair = await openPair(5, 1)
  const { market, stage, during } = pair
  await stage.world.run({ untilMs: 6_000 })
  const found = await during(checkMarket(market, checks))
  if (found === undefined || market.notaries[0] === undefined) throw new TypeError('There are books')
  books = found
  lines = await during(readBookLines(market, market.notaries[0]))
})

function ledger(): LedgerState {
  if (books.state === undefined) throw new TypeError('The books have a state')
  return books.state.books.ledger
}

/** Somebody has so much more. */
function richer(state: LedgerState, owner = pair.shop.did, nanos = 1n): LedgerState {
  const id = formatAccountId({ owner, kind: 'available', currency: pair.market.currency })
  const row = hashTrieGet(state.accounts, id) as AccountRow
  return { ...state, accounts: hashTrieSet(state.accounts, id, { ...row, credits: row.credits + nanos }) }
}

/** The steps with one of them changed. */
function withStep(isIt: (step: BookedStep) => boolean, change: (step: BookedStep) => BookedStep): BookedStep[] {
  const at = books.steps.findIndex(isIt)
  expect(at).toBeGreaterThanOrEqual(0)
  return books.steps.map((step, index) => (index === at ? change(step) : step))
}

function reaches(kind: string): (step: BookedStep) => boolean {
  return (step) => contractOf(step)?.to?.kind === kind && contractOf(step)?.from?.kind !== kind
}

/** The step at another stamp. */
function moved(step: BookedStep, byMs: number): BookedStep {
  const { event } = step.booked
  if (event.type === 'timer-fired') {
    const at = (event.at + byMs) as typeof event.at
    return { ...step, booked: { ...step.booked, event: { ...event, at } } }
  }
  if (event.type !== 'message-received') throw new TypeError(event.type)
  const at = (event.message.at + byMs) as typeof event.message.at
  const message = { ...event.message, at } as typeof event.message
  return { ...step, booked: { ...step.booked, event: { ...event, message } } }
}

it('everything is looked at, and a market as it is keeps everything', () => {
  expect(checks.violations).toEqual([])
  expect(Object.keys(checks.evaluations).toSorted()).toEqual(MARKET_CHECKS.toSorted())
})

describe('money', () => {
  it('that came from nowhere is found, in the whole and in the step that brought it', () => {
    expect(findLedgerFault(ledger())).toBeUndefined()
    expect(findLedgerFault(richer(ledger()))).toContain('from nowhere')
    expect(findLedgerFault(richer(ledger(), pair.shop.did, -1_000_000_000_000n))).toContain('has -')
    expect(outstandingNanos(ledger(), pair.market.currency)).toBe(pair.market.bank.issuedNanos)
    const stolen = withStep(reaches('SETTLED'), (step) => {
      const after: BooksState = { ...step.after, ledger: richer(step.after.ledger) }
      return { ...step, after }
    })
    expect(findFlowFault(books.steps)).toBeUndefined()
    expect(findFlowFault(stolen)).toContain('from nowhere')
  })
})

describe('contracts', () => {
  it('that are settled twice, or go where no edge leads, are found', () => {
    expect(findContractFault(books.steps)).toBeUndefined()
    const settling = books.steps.find(reaches('SETTLED')) as BookedStep
    expect(findContractFault([...books.steps, settling])).toContain('settled twice')
    const begun = books.steps.findIndex(reaches('DELIVERED'))
    const skipped = books.steps.map((step, index) =>
      index === begun ? { ...step, before: books.steps.find(reaches('HELD'))?.after ?? step.before } : step,
    )
    expect(findContractFault(skipped)).toContain('from HELD to DELIVERED')
  })

  it('that are held twice for one task, and messages that count twice, are found', () => {
    expect(findRepetition(books.steps)).toBeUndefined()
    const sent = books.steps.find((step) => step.booked.sent !== undefined) as BookedStep
    expect(findRepetition([...books.steps, sent])).toContain('changed the books twice')
  })

  it('of which a deadline is a millisecond off are found', () => {
    expect(findDeadlineFault(books.steps)).toBeUndefined()
    for (const kind of ['HELD', 'DELIVERED', 'SETTLED', 'AGREED'])
      expect(findDeadlineFault(withStep(reaches(kind), (step) => moved(step, 1))), kind).toBeDefined()
    expect(findDeadlineFault(withStep(reaches('FINAL'), (step) => moved(step, -1)))).toContain('fired before T_refund')
    expect(findDeadlineFault(withStep(reaches('WORKING'), (step) => moved(step, 100_000_000)))).toContain('T_start')
  })
})

describe('journals', () => {
  it('of which one has another entry are found, and one that is behind is not', () => {
    const [first = '', ...rest] = lines
    expect(
      findDisagreement(
        new Map([
          ['one', lines],
          ['two', [first]],
        ]),
      ),
    ).toBeUndefined()
    const other = [first.replace('"at":', '"at":1'), ...rest]
    expect(
      findDisagreement(
        new Map([
          ['one', lines],
          ['two', other],
        ]),
      ),
    ).toContain('entry 0 of')
  })

  it('that were changed on the disk do not verify', async () => {
    const changed = lines.map((line) => line.replace('"amountNanos":"100000000000"', '"amountNanos":"100000000001"'))
    const audited = await auditBooks(pair.market, { name: 'changed', lines: changed })
    expect(audited.verification.firstBad).not.toBeNull()
    expect(books.verification).toMatchObject({ ok: true, firstBad: null })
  })
})

describe('reputation', () => {
  it('that counts an ending twice, or another amount, is found', () => {
    const endings = new Map(
      books.steps.filter(reaches('FINAL')).map((step) => {
        const ending = contractOf(step)?.to as EndedState
        return [ending.contract, ending]
      }),
    )
    const { reputation, party } = pair.buyer.running ?? {}
    const shown = reputation?.show(pair.shop.did) ?? []
    const counted = [...endings.keys()]
    const right: ShownReputation = { holder: party?.did ?? pair.buyer.did, counted, shown }
    expect(shown.length).toBeGreaterThan(0)
    expect(findReputationFault(right, endings)).toBeUndefined()
    expect(findReputationFault({ ...right, counted: [...counted, ...counted] }, endings)).toContain('twice')
    const twice = shown.map((detail) => ({ ...detail, contracts: 2 * detail.contracts }))
    expect(findReputationFault({ ...right, shown: twice }, endings)).toContain('endings of')
    const more = shown.map((detail) => ({ ...detail, goodMicros: detail.goodMicros + 1n }))
    expect(findReputationFault({ ...right, shown: more }, endings)).toContain('shows')
  })
})
