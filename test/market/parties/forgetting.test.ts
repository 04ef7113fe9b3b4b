import { describe, expect, it } from 'vitest'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { pastContracts } from '../../../src/market/parties/contract-history.ts'
import { CONTRACTS } from '../../../src/market/parties/contracts/contract-notes.ts'
import { Forgetting } from '../../../src/market/parties/forgetting.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import type { PartyLimits } from '../../../src/market/parties/journal/party-knowledge.ts'
import { encodePartyRecord } from '../../../src/market/parties/journal/party-record.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { calledAuction } from './auction-calls.ts'
import { bytesOf, MarketWorld, nanos, RULES_HASH, TIMERS, USD, wanted } from './market-world.ts'
import { contractNamed, KEYS, settle } from './party-fixtures.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function limit(party: Party, limits: Partial<PartyLimits>): void {
  Object.assign(party.journal.limits, limits)
}

/** Calls auctions of a key that nobody knows. @returns The answers. */
async function callAuctions(world: MarketWorld, count: number, changes: Partial<AuctionCall> = {}): Promise<string[]> {
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const answers: string[] = []
  for (let n = 0; n < count; n += 1) {
    const { body, subject } = calledAuction(world, { auctioneer: party.did, name: `call ${n}`, changes })
    const said = await party.wallet.say({
      act: `call ${n}`,
      type: 'auction-call',
      body,
      aud: '*',
      subject,
    })
    const frame = { type: 'call', envelope: new TextDecoder().decode(said.bytes) } as const
    const answer = await party.components.door.ask(KEYS.seller.did, { frame })
    answers.push(answer.frame.type)
  }
  return answers
}

describe('what a party forgets', () => {
  it('is a contract whose time is over, with its files; a record stays', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const { contract = '', input } = await world.until(node, 'order-1')
    const parties = [shop.party, node.party]
    const keepers = parties.map((party) => new Forgetting({ party }))
    const look = async (): Promise<unknown> => await Promise.all(keepers.map(async (keeper) => await keeper.look()))
    await look()
    await world.time.advance(TIMERS.retainMs - 1_000)
    await look()
    for (const { journal } of parties) {
      expect(journal.note(CONTRACTS, contract)).toBeDefined()
      expect(journal.envelopesOf(contract).length).toBeGreaterThan(3)
      expect(await journal.file(input)).toEqual(bytesOf('one two three'))
    }
    await world.time.advance(HOUR_MS)
    await look()
    for (const { journal } of parties) {
      expect(journal.note(CONTRACTS, contract)).toBeUndefined()
      expect(journal.envelopesOf(contract)).toEqual([])
      expect(await journal.file(input)).toBeUndefined()
      expect(journal.isForgotten(contract)).toBe(true)
    }
    expect(node.buyer.order('order-1')).toBeUndefined()
    const [sold] = pastContracts(shop.party)
    expect(sold?.past).toMatchObject({ role: 'worker', other: KEYS.buyer.did, ended: 'FINAL', currency: USD })
    expect(sold?.readings.at(-1)?.counts).toEqual(new Map([['bytes.in', 13n]]))
    expect(world.failures).toEqual([])
  })

  it('is the files of what ended longest ago where room is short, so that work goes on', async () => {
    const world = await MarketWorld.create([
      [KEYS.buyer, 100_000],
      [KEYS.seller, 100_000],
    ])
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer({ inputBytesMax: 100_000, capacity: 100 }), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const keepers = [shop.party, node.party].map((party) => new Forgetting({ party }))
    for (const { party } of [shop, node]) limit(party, { filesBytesMax: 300_000 })
    const { predicate: _, ...request } = wanted()
    const ends: unknown[] = []
    for (let n = 0; n < 6; n += 1) {
      const input = new Uint8Array(90_000).fill(97)
      input.set(bytesOf(`${n} `))
      await node.buyer.buy({ ...request, idempotencyKey: `key ${n}`, input })
      ends.push((await world.until(node, `key ${n}`)).failed)
      for (const keeper of keepers) await keeper.look()
      await world.time.advance(DAY_MS)
      for (const keeper of keepers) await keeper.look()
    }
    expect(ends).toEqual(Array.from({ length: 6 }))
    const [first, last] = ['key 0', 'key 5'].map((key) => node.buyer.order(key))
    expect(await node.party.journal.file(first?.input ?? ('' as Hash))).toBeUndefined()
    expect((await node.party.journal.file(last?.input ?? ('' as Hash)))?.byteLength).toBe(90_000)
    expect(world.failures).toEqual([])
  })

  it('is whole contracts where there are too many, but never one that somebody still counts', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer({ priceNanos: nanos(100) }), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const contracts: string[] = []
    for (let n = 0; n < 4; n += 1) {
      await node.buyer.buy(wanted({ idempotencyKey: `key ${n}`, maxNanos: nanos(100) }))
      contracts.push((await world.until(node, `key ${n}`)).contract ?? '')
    }
    const { journal } = shop.party
    limit(shop.party, { subjectsMax: 4 })
    const keeper = new Forgetting({ party: shop.party, isDone: (contract) => contract !== contracts[0] })
    await keeper.look()
    expect(contracts.filter((contract) => journal.isForgotten(contract))).toEqual([])
    await world.time.advance(HOUR_MS)
    await keeper.look()
    const forgotten = contracts.map((contract) => journal.isForgotten(contract))
    expect(forgotten[0]).toBe(false)
    expect(forgotten[1]).toBe(true)
    expect(journal.fill.own[0]?.[0]).toBeLessThan(4)
  })
})

describe('auctions that others call', () => {
  it.each(['first', 'english'] as const)(
    'stay while they are under way, however many another node calls, %s',
    async (auction) => {
      const world = await MarketWorld.create([[KEYS.buyer, 10_000]])
      const shop = await world.seller({ key: KEYS.seller })
      await shop.seller.offer(world.offer(), 'words')
      limit(shop.party, { guestsMax: 24 })
      const node = await world.buyer({ key: KEYS.buyer })
      await node.buyer.buy(wanted({ auction, ...(auction === 'first' && { depositNanos: nanos(0) }) }))
      await settle(60)
      await world.time.advance(100)
      expect(shop.party.journal.fill.guests[0]).toEqual([1, 24])
      expect(new Set(await callAuctions(world, 60))).toEqual(new Set(['said']))
      expect(shop.party.journal.fill.guests[0]).toEqual([24, 24])
      const order = await world.until(node, 'order-1')
      expect(order.failed).toBeUndefined()
      expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
    },
  )

  it('take no room of contracts, and are forgotten when nothing can happen in them any more', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    limit(shop.party, { subjectsMax: 4, guestsMax: 16 })
    expect(new Set(await callAuctions(world, 40))).toEqual(new Set(['said']))
    expect(shop.party.journal.names({ isGuest: true })).toHaveLength(16)
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    await world.time.advance(60_000)
    await new Forgetting({ party: shop.party }).look()
    expect(shop.party.journal.names({ isGuest: true })).toEqual([])
    expect(shop.party.journal.notesOf('bid')).toEqual([])
  })

  it('never push out one in which this party has put up a deposit', async () => {
    const world = await MarketWorld.create([
      [KEYS.seller, 10_000],
      [KEYS.recoverer, 10_000],
    ])
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    limit(shop.party, { guestsMax: 2 })
    await callAuctions(world, 2, { depositNanos: nanos(10), reservePriceNanos: nanos(1_500) })
    const staked = shop.party.journal.names({ isGuest: true })
    expect(staked).toHaveLength(2)
    await expect(callAuctions(world, 1)).rejects.toThrow()
    expect(shop.party.journal.names({ isGuest: true })).toEqual(staked)
  })

  it('are not kept among the messages of a contract', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
    const { body } = calledAuction(world, { auctioneer: party.did, name: 'a call' })
    const subject = contractNamed('of somebody else')
    const said = await party.wallet.say({
      act: 'call',
      type: 'auction-call',
      body,
      aud: '*',
      subject,
    })
    const frame = { type: 'call', envelope: new TextDecoder().decode(said.bytes) } as const
    const { frame: answer } = await party.components.door.ask(KEYS.seller.did, { frame })
    expect(answer).toEqual({ type: 'declined', code: 'MARKET_ENVELOPE_REFUSED' })
    expect(shop.party.journal.envelopesOf(subject)).toEqual([])
  })
})

describe('files of a party', () => {
  const bytes = bytesOf('a file')
  const name = contractNamed('contract')
  const other = contractNamed('other')

  it('are found again after a restart, and stay while one of their subjects does', async () => {
    const stores = { log: createMemoryEventLog(), files: createMemoryKeyValueStore() }
    const journal = await PartyJournal.open(stores, { compactAtBytes: 1 })
    const hash = await journal.keepFile(name, bytes)
    await journal.keepFile(other, bytes)
    await journal.keepNote('topic', `${name}/note`, RULES_HASH)
    await journal.forget(name)
    const opened = await PartyJournal.open(stores)
    expect(await opened.file(hash)).toEqual(bytes)
    expect(opened.filesOf(name)).toEqual([])
    expect(opened.note('topic', `${name}/note`)).toBeUndefined()
    await opened.dropFiles(other)
    expect(await opened.file(hash)).toBeUndefined()
    expect(await stores.files.count()).toBe(0)
    expect(await (await PartyJournal.open(stores)).file(hash)).toBeUndefined()
  })

  it('leave nothing behind when the journal never named them, or no longer', async () => {
    const stores = { log: createMemoryEventLog(), files: createMemoryKeyValueStore() }
    const failing: EventLog = {
      nextIndex: 0,
      snapshot: undefined,
      sizeBytes: 0,
      append: async () => await Promise.reject(new Error('full')),
      read: (from) => stores.log.read(from),
      compact: async () => await Promise.resolve(),
      close: async () => await Promise.resolve(),
    }
    await expect((await PartyJournal.open({ ...stores, log: failing })).keepFile(name, bytes)).rejects.toThrow('full')
    expect(await stores.files.count()).toBe(2)
    const journal = await PartyJournal.open(stores)
    expect(await stores.files.count()).toBe(0)
    const hash = await journal.keepFile(name, bytes)
    // Forgotten, and then the process ends before the bytes are removed.
    await stores.log.append([encodePartyRecord({ kind: 'forgotten', subject: name })])
    expect(await stores.files.count()).toBe(1)
    expect(await (await PartyJournal.open(stores)).file(hash)).toBeUndefined()
    expect(await stores.files.count()).toBe(0)
  })
})
