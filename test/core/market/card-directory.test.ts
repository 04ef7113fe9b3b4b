import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { hashTrieForEach, hashTrieGet } from '../../../src/core/collections/hash-trie.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  CARD_DIRECTORY_MACHINE,
  CARD_SETTLED_MS,
  type CardDirectoryEvent,
  type CardDirectoryState,
  CARDS_HEARD_MAX,
  CARDS_KNOWN_MAX,
  CARDS_PER_TELLER_MAX,
} from '../../../src/core/market/card-directory.ts'
import { didOf, hashOf } from '../auction/auction-world.ts'

const START = 1_000
const LATER = START + CARD_SETTLED_MS
const VALID_MS = 4 * CARD_SETTLED_MS

type HeardInit = {
  readonly at?: number
  readonly seq?: number
  readonly teller?: string
  readonly isKnown?: boolean
  readonly validMs?: number
}

function heard(
  name: string,
  { at = START, seq = 0, teller = 'a', isKnown = false, validMs = VALID_MS }: HeardInit = {},
): CardDirectoryEvent {
  const node = didOf(name)
  return {
    type: 'card-heard',
    envelope: hashOf(`${name} ${seq}`),
    iss: node,
    seq,
    prev: undefined,
    at: timestampFromMs(at),
    card: { node, accounts: [], addresses: [], custody: [], models: [], offers: [], receipts: [] },
    until: timestampFromMs(at + validMs),
    teller: didOf(teller),
    isKnown,
  }
}

/** Applies events, invariants held; the effects of the last one. */
function run(state: CardDirectoryState, ...events: readonly CardDirectoryEvent[]) {
  let step = { state, effects: [] as readonly unknown[] }
  for (const event of events) step = CARD_DIRECTORY_MACHINE.transition(step.state, event)
  expect(CARD_DIRECTORY_MACHINE.violations(step.state)).toEqual([])
  return step
}

const EMPTY = CARD_DIRECTORY_MACHINE.initial(undefined)

/** Strangers `NAME-0`, `NAME-1`, ... of one neighbour. */
function strangers(count: number, name: string, init: HeardInit = {}): readonly CardDirectoryEvent[] {
  return Array.from({ length: count }, (_, at) => heard(`${name}-${at}`, init))
}

function has(state: CardDirectoryState, name: string): boolean {
  return hashTrieGet(state.cards, didOf(name)) !== undefined
}

function countOf(state: CardDirectoryState, teller: Did): number {
  let count = 0
  hashTrieForEach(state.cards, (entry) => void (count += entry.teller === teller ? 1 : 0))
  return count
}

const FULL = run(
  EMPTY,
  ...strangers(CARDS_PER_TELLER_MAX, 'one', { teller: 'a' }),
  ...strangers(CARDS_HEARD_MAX - CARDS_PER_TELLER_MAX, 'two', { teller: 'b' }),
).state

describe('a directory of cards', () => {
  it('keeps the latest card of each node', () => {
    const { state, effects } = run(EMPTY, heard('n', { seq: 4 }), heard('n', { seq: 5, at: START + 1 }))
    expect(effects).toEqual([{ type: 'keep-card', node: didOf('n') }])
    expect(hashTrieGet(state.cards, didOf('n'))).toMatchObject({ seq: 5, since: START })
    expect(run(state, heard('n', { seq: 5 })).effects).toEqual([{ type: 'event-refused', code: 'CARD_SEQUENCE_OLD' }])
    expect(run(state, heard('n', { seq: 6, validMs: 0 })).effects).toEqual([
      { type: 'event-refused', code: 'CARD_EXPIRED' },
    ])
  })

  it('forgets what is not valid any more, at its end and not before', () => {
    const { state } = run(EMPTY, heard('n'))
    const pruned = (at: number): CardDirectoryEvent => ({ type: 'cards-pruned', at: timestampFromMs(at) })
    expect(run(state, pruned(START + VALID_MS - 1)).effects).toEqual([])
    expect(run(state, pruned(START + VALID_MS)).effects).toEqual([
      { type: 'forget-card', node: didOf('n'), reason: 'expired' },
    ])
  })

  it('takes no more strangers of one neighbour than its part', () => {
    const last = run(EMPTY, ...strangers(CARDS_PER_TELLER_MAX, 'n'), heard('more'))
    expect(last.effects).toEqual([{ type: 'event-refused', code: 'CARD_NO_ROOM' }])
    expect(has(run(last.state, heard('more', { teller: 'b' })).state, 'more')).toBe(true)
  })

  it('gives a newcomer of another neighbour the place of the youngest of the neighbour that told most', () => {
    const young = run(FULL, heard('one-7', { seq: 1, at: START + 2 })).state
    const { state, effects } = run(young, heard('new', { teller: 'c', at: START + 5 }))
    expect(effects.map((effect) => (effect as { readonly type: string }).type)).toEqual(['forget-card', 'keep-card'])
    expect(has(state, 'new')).toBe(true)
    expect(state.cards.size).toBe(CARDS_HEARD_MAX)
  })

  it('leaves the places of those who are there for an hour, whoever floods', () => {
    const flood = ['c', 'd', 'e'].flatMap((teller) => strangers(200, `flood-${teller}`, { teller, at: LATER }))
    const { state } = run(FULL, ...flood)
    expect([countOf(state, didOf('a')), countOf(state, didOf('b'))]).toEqual([
      CARDS_PER_TELLER_MAX,
      CARDS_HEARD_MAX - CARDS_PER_TELLER_MAX,
    ])
  })

  it('gives nobody who is known away, and gives a known node a place among strangers that fill theirs', () => {
    const known = run(FULL, heard('friend', { isKnown: true })).state
    const flood = ['c', 'd', 'e'].flatMap((teller) => strangers(300, `flood-${teller}`, { teller, at: START + 1 }))
    expect(has(run(known, ...flood).state, 'friend')).toBe(true)
  })

  it('does not let a stranger that falls silent come back as if it had been there', () => {
    const at = START + VALID_MS
    const { state } = run(EMPTY, heard('n'), heard('n', { seq: 1, at, teller: 'b' }))
    expect(hashTrieGet(state.cards, didOf('n'))).toMatchObject({ since: at, teller: didOf('b') })
  })

  it('keeps a place for a node that somebody here deals with, as long as there are such places', () => {
    const know = (name: string): CardDirectoryEvent => ({
      type: 'card-known',
      node: didOf(name),
      at: timestampFromMs(START),
    })
    const { state } = run(FULL, know('one-0'))
    expect(hashTrieGet(state.cards, didOf('one-0'))?.isKnown).toBe(true)
    const full = run(state, ...strangers(CARDS_KNOWN_MAX - 1, 'k', { isKnown: true })).state
    expect(run(full, know('one-1')).effects).toEqual([{ type: 'event-refused', code: 'CARD_NO_ROOM' }])
    expect(run(EMPTY, know('n')).effects).toEqual([{ type: 'event-refused', code: 'CARD_UNKNOWN' }])
  })

  it('keeps its limits whatever it hears', () => {
    const name = fc.integer({ min: 0, max: 40 }).map((number) => `n-${number}`)
    const event = fc.record({
      name,
      at: fc.integer({ min: 0, max: 3 * VALID_MS }),
      seq: fc.nat(5),
      teller: fc.constantFrom('a', 'b', 'c'),
      isKnown: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        run(EMPTY, ...events.map(({ name: node, ...init }) => heard(node, init)))
      }),
      { numRuns: 50, seed: 7 },
    )
  })
})
