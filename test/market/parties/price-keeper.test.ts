import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseAuctionTranscript } from '../../../src/core/auction/auction-codec.ts'
import { summarizePrices } from '../../../src/core/market/price-history.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import type { Vector } from '../../../scripts/protocol-vectors/vector.ts'
import { auctionFileBytes } from '../../../src/market/auctions/auction-file.ts'
import { HEARD_AUCTIONS } from '../../../src/market/parties/auctions/heard-auctions.ts'
import { PriceKeeper } from '../../../src/market/parties/accounts/price-keeper.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const VECTORS = new URL('../../../protocol/vectors/v1/auction.json', import.meta.url)

it('an auction that says it ended in a year makes no price old', async () => {
  const world = await MarketWorld.create()
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const { vectors } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { readonly vectors: readonly Vector[] }
  const vector = vectors.find(({ kind }) => kind === 'auction-transcript')
  const transcript = vector?.kind === 'auction-transcript' ? parseAuctionTranscript(vector.transcript) : undefined
  if (transcript === undefined) throw new TypeError('no transcript')
  const { auction, call } = transcript
  const now = world.time.clock.now()
  const late = { ...transcript, closedAt: (now + 365 * 86_400_000) as Timestamp }
  const paid = { skill: call.skill, currency: call.currency, nanos: '100', weight: 1_000, at: now }
  for (let n = 0; n < 5; n += 1) await party.keep('price', `of/${n}`, paid)
  const transcriptFile = await party.journal.keepFile(
    auction,
    auctionFileBytes(late, () => undefined),
  )
  const note = { auctioneer: call.auctioneer, transcript: auction, transcriptFile, ok: true, problems: [] }
  await party.keep(HEARD_AUCTIONS, auction, note)
  const keeper = new PriceKeeper({ party, payerPpmOf: () => 500_000 })
  keeper.start()
  await settle(100)
  expect(summarizePrices(keeper.history(), call)).toMatchObject({ count: 5, heard: 1, medianNanos: 100n })
  await party.stop()
})
