import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  emptyHashTrie,
  type HashTrie,
  hashTrieDelete,
  hashTrieGet,
  hashTriePage,
  hashTrieSet,
} from '../../../src/core/collections/hash-trie.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { type Page, pageAccounts, pageCurrencies, pageTransfers } from '../../../src/core/ledger/ledger-pages.ts'
import { type ChunkList, LEDGER_LIMITS_DEFAULT, type LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import {
  account,
  after,
  ALICE,
  BOB,
  CAROL,
  currencyOf,
  didOf,
  evidence,
  fundedLedger,
  hold,
  idOf,
  nanos,
  post,
  postHeld,
  USD,
} from './ledger-builder.ts'

fc.configureGlobal({ seed: 2026 })

function whole<Line>(ask: (after: string | undefined) => Page<Line>): readonly Line[] {
  const lines: Line[] = []
  for (let next: string | undefined, pages = 0; ; pages += 1) {
    const page = ask(next)
    lines.push(...page.lines)
    if (page.next === undefined || pages > 10_000) return lines
    next = page.next
  }
}

test('pages of equal maps are equal, whatever happened before, and hold every entry once', () => {
  const keys = fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 300, size: 'max' })
  fc.assert(
    fc.property(keys, keys, fc.integer({ min: 1, max: 40 }), (kept, gone, limit) => {
      const rest = gone.filter((key) => !kept.includes(key))
      let one: HashTrie<string> = emptyHashTrie()
      for (const key of [...rest, ...kept]) one = hashTrieSet(one, key, key)
      for (const key of rest) one = hashTrieDelete(one, key)
      let other: HashTrie<string> = emptyHashTrie()
      for (const key of kept.toReversed()) other = hashTrieSet(other, key, key)
      const pagesOf = (trie: HashTrie<string>): readonly string[] =>
        whole((from) => {
          const page = hashTriePage(trie, { after: from, limit })
          return { lines: page.map(([key]) => key), next: page.length < limit ? undefined : page.at(-1)?.[0] }
        })
      expect(pagesOf(one)).toEqual(pagesOf(other))
      expect(pagesOf(one).toSorted()).toEqual(kept.toSorted())
    }),
    { numRuns: 60 },
  )
})

function moved(): LedgerState {
  let state = fundedLedger()
  const take = (event: LedgerEvent): void => void (state = LEDGER_MACHINE.transition(state, event).state)
  for (let number = 1; number <= 40; number += 1)
    take({ type: 'transfers-submitted', at: after(number), orders: [post(number, 1), hold(1_000 + number, 1)] })
  take({ type: 'transfers-submitted', at: after(41), orders: [postHeld(2_000, 1_001, 1)] })
  return state
}

test('transfers come in pages: open holds first, then the newest first', () => {
  const state = moved()
  const all = whole((from) => pageTransfers(state, { after: from, limit: 7 }))
  expect(all).toEqual(pageTransfers(state, {}).lines)
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  expect(all.filter(({ status }) => status === 'held')).toHaveLength(39)
  const ended = all.slice(39)
  expect(ended.every(({ status }) => status !== 'held')).toBe(true)
  expect(ended.map(({ at }) => at)).toEqual(
    ended.map(({ at }) => at).toSorted((one, other) => Number(other) - Number(one)),
  )
  expect(ended.slice(0, 2).map(({ id }) => id)).toContain(idOf(2_000))
  expect(ended.find(({ id }) => id === idOf(2_000))).toMatchObject({ debit: account(ALICE), credit: account(BOB) })
})

test('transfers and accounts of one owner are found by pages too', () => {
  const state = moved()
  const mine = whole((from) => pageTransfers(state, { owner: BOB, after: from, limit: 3 }))
  const all = pageTransfers(state, {}).lines
  expect(mine).toEqual(all.filter(({ debit, credit }) => `${debit} ${credit}`.includes(BOB)))
  const accounts = whole((from) => pageAccounts(state, { after: from, limit: 2 }))
  expect(accounts.map(({ id }) => id).toSorted()).toEqual(
    pageAccounts(state, {})
      .lines.map(({ id }) => id)
      .toSorted(),
  )
  expect(pageAccounts(state, { owner: ALICE }).lines).toEqual(
    pageAccounts(state, { owner: ALICE, currency: USD }).lines,
  )
  expect(pageAccounts(state, { owner: ALICE }).lines.every(({ owner }) => owner === ALICE)).toBe(true)
  expect(pageCurrencies(state, { code: 'USD' }).lines.map(({ currency }) => currency)).toEqual([USD])
  expect(pageCurrencies(state, { code: 'US' }).lines).toEqual([])
  expect(pageCurrencies({ ...state, listed: new Set() }, { isListed: true })).toEqual({ lines: [], next: undefined })
})

test('currencies of listed issuers are found by pages, and no others', () => {
  const registered = ['USD', 'EUR', 'CHF'].map((code) => currencyOf(code, ALICE))
  let state = moved()
  const row = hashTrieGet(state.currencies, USD)
  if (row === undefined) throw new TypeError('unreachable')
  let { currencies } = state
  for (const currency of registered) currencies = hashTrieSet(currencies, currency, { ...row, currency })
  state = { ...state, currencies, listed: new Set(registered.slice(0, 2)) }
  const listed = whole((from) => pageCurrencies(state, { isListed: true, after: from, limit: 1 }))
  expect(listed.map(({ currency }) => currency)).toEqual([registered[1], registered[0]])
  expect(pageCurrencies(state, { isListed: true, code: 'EUR' }).lines).toHaveLength(1)
})

test('a place far back, or none at all, is found without walking what is newer', () => {
  const limits = { ...LEDGER_LIMITS_DEFAULT, rememberedMax: 200_000 }
  let state = fundedLedger({ amount: 100_000, limits })
  const count = 20_000
  for (let number = 1; number <= count; number += 1)
    state = LEDGER_MACHINE.transition(state, {
      type: 'transfers-submitted',
      at: after(number),
      orders: [post(number, 1)],
    }).state
  let walked = 0
  const counting: LedgerState = {
    ...state,
    generations: state.generations.map((generation) => ({ ...generation, chunks: counted(generation.chunks) })),
  }
  function counted(chunks: ChunkList): ChunkList {
    return (
      chunks && {
        get chunk() {
          walked += 1
          return chunks.chunk
        },
        get next() {
          return counted(chunks.next)
        },
        get jump() {
          return counted(chunks.jump)
        },
        depth: chunks.depth,
      }
    )
  }
  const page = pageTransfers(counting, { after: `${after(10)}/${idOf(10)}`, limit: 3 })
  expect(page.lines.map(({ id }) => id)).toEqual([9, 8, 7].map((number) => idOf(number)))
  expect(walked).toBeLessThan(100)
  for (const place of ['1/0', '0/zz', `${after(-1)}/0`]) {
    walked = 0
    expect(pageTransfers(counting, { after: place })).toEqual({ lines: [], next: undefined })
    expect(walked).toBeLessThan(100)
  }
})

test('an owner with nothing is answered at once, however many currencies there are', () => {
  let state = fundedLedger()
  for (let number = 0; number < 2_000; number += 1) {
    const issuer = didOf(5_000 + number)
    state = LEDGER_MACHINE.transition(state, {
      type: 'currency-registered',
      ...evidence(issuer),
      currency: currencyOf('USD', issuer),
      cap: nanos(1),
      recoveryKey: undefined,
      recoveryDelay: undefined,
    }).state
  }
  expect(pageAccounts(state, { owner: CAROL })).toEqual({ lines: [], next: undefined })
  const pages = pageAccounts(state, { owner: ALICE, limit: 1 })
  expect(pages).toMatchObject({ lines: [{ owner: ALICE }], next: undefined })
})
