import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseAuctionTranscript } from '../../../src/core/auction/auction-codec.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { summarizePrices } from '../../../src/core/market/price-history.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import type { Vector } from '../../../scripts/protocol-vectors/vector.ts'
import { auctionFileBytes } from '../../../src/market/auctions/auction-file.ts'
import { HEARD_AUCTIONS } from '../../../src/market/parties/auctions/heard-auctions.ts'
import { PriceKeeper } from '../../../src/market/parties/accounts/price-keeper.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld, USD } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const VECTORS = new URL('../../../protocol/vectors/v1/auction.json', import.meta.url)

/** Writes down an auction that has ended a year ahead, as a bidder does. @returns Its call. */
async function keepHeard(world: MarketWorld, party: Party): Promise<AuctionCall> {
  const { vectors } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { readonly vectors: readonly Vector[] }
  const vector = vectors.find(({ kind }) => kind === 'auction-transcript')
  const transcript = vector?.kind === 'auction-transcript' ? parseAuctionTranscript(vector.transcript) : undefined
  if (transcript === undefined) throw new TypeError('no transcript')
  const { auction, call } = transcript
  const late = { ...transcript, closedAt: (world.time.clock.now() + 365 * 86_400_000) as Timestamp }
  const transcriptFile = await party.journal.keepFile(
    auction,
    auctionFileBytes(late, () => undefined),
  )
  const note = { auctioneer: call.auctioneer, transcript: auction, transcriptFile, ok: true, problems: [] }
  await party.keep(HEARD_AUCTIONS, auction, note)
  return call
}

it('an auction that says it ended in a year makes no price old', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const call = await keepHeard(world, party)
  const paid = { skill: call.skill, currency: call.currency, nanos: '100', weight: 1_000, at: world.time.clock.now() }
  for (let n = 0; n < 5; n += 1) await party.keep('price', `of/${n}`, paid)
  const keeper = new PriceKeeper({ party, payerPpmOf: () => 500_000 })
  keeper.start()
  await settle(100)
  expect(summarizePrices(keeper.history(), call)).toMatchObject({ count: 5, heard: 1, medianNanos: 100n })
  await party.stop()
})

it('what has ended is looked at once, however much of it there is', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const ended = { role: 'worker', other: KEYS.buyer.did, peer: KEYS.buyer.did, task: { skill: 'x' }, ended: 'FINAL' }
  const write = party.journal.keepNote.bind(party.journal)
  for (let n = 0; n < 4_200; n += 1) await party.keep('contract', sha256Hex(`contract ${n}`), ended)
  let asked = 0
  let written = 0
  const notary: object = Object.create(party.components.notary) as object
  const evidence = async (): Promise<readonly unknown[]> => {
    asked += 1
    return await Promise.resolve([])
  }
  Object.assign(party.components, { notary: Object.assign(notary, { evidence }) })
  party.journal.keepNote = async (...note) => {
    written += 1
    return await write(...note)
  }
  new PriceKeeper({ party, payerPpmOf: () => 500_000 }).start()
  while (written < 4_200) await settle(100)
  await world.time.advance(5_000)
  await settle(1_000)
  expect([asked, written]).toEqual([4_200, 4_200])
  await party.stop()
})

it('prices that were heard of have room of their own, and are looked at once', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const paid = { skill: 'x', currency: USD, nanos: '100', weight: 1_000, at: world.time.clock.now() }
  for (let n = 0; n < 4_096; n += 1) await party.keep('price', `of/${n}`, paid)
  await keepHeard(world, party)
  let read = 0
  const file = party.journal.file.bind(party.journal)
  party.journal.file = async (name) => {
    read += 1
    return await file(name)
  }
  new PriceKeeper({ party, payerPpmOf: () => 500_000 }).start()
  await settle(100)
  await world.time.advance(5_000)
  await settle(100)
  expect([party.journal.notesOf('price').length, read]).toEqual([4_097, 1])
  await party.stop()
})
