import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { DurationMs } from '../../../src/base/time.ts'
import { formatAuctionValue } from '../../../src/core/auction/auction-codec.ts'
import { type Bid, commitmentOf } from '../../../src/core/auction/commitment.ts'
import { LOST_DEPOSITS } from '../../../src/core/auction/deposits.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { formatAccountId, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import { bodyOfOrder } from '../../../src/wire/v1/ledger-events.ts'
import { auctionFileOf } from '../../../src/market/parties/auctions/call-post.ts'
import { HEARD_AUCTIONS } from '../../../src/market/parties/auctions/heard-auctions.ts'
import { callForBids } from '../../../src/market/parties/auctions/run-call.ts'
import { verifyAuction } from '../../../src/node/market/copies/verify-auction.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld, nanos, type SellerNode, SET, USD } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const ms = (span: number): DurationMs => span as DurationMs
const folder = mkdtempSync(join(tmpdir(), 'proof-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The first offers 700 and wins; the last one is a key of the auctioneer's. */
const BIDDERS = [
  [KEYS.seller, 700],
  [KEYS.rival, 900],
  [KEYS.arbiter, 701],
] as const

/** A second-price auction that a buyer has held of two sellers, or three. */
async function played(count = 2, before?: (world: MarketWorld) => void) {
  const world = await MarketWorld.create([KEYS.buyer, ...BIDDERS.map(([key]) => key)].map((key) => [key, 10_000]))
  before?.(world)
  const bidders = BIDDERS.slice(0, count)
  const nodes: SellerNode[] = []
  for (const [key, price] of bidders) {
    const node = await world.seller({ key })
    await node.seller.offer(world.offer({ priceNanos: nanos(price) }), 'words')
    nodes.push(node)
  }
  const [winner] = nodes
  if (winner === undefined) throw new TypeError('unreachable')
  const { party: host } = await world.party(KEYS.buyer, createMemoryEventLog())
  const begun = callForBids(host, {
    buyer: host.did,
    skill: 'text.word-count',
    task: sha256Hex('task') as Hash,
    currency: USD,
    kind: 'second',
    reservePriceNanos: nanos(2_000),
    latencyMsMax: ms(30_000),
    depositNanos: nanos(50),
    forfeitTo: LOST_DEPOSITS,
    bidMs: ms(1_000),
    revealMs: ms(1_000),
    settleMs: ms(1_000),
    bidsMax: 8,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: nanos(2_000) },
    weights: { price: 1, latency: 0, reputation: 0 },
    english: undefined,
    notarySet: SET.id,
    peers: bidders.map(([key]) => key.did),
    inputBytes: 10,
    standingOf: async () => await Promise.resolve({ capabilities: [], reputationPpm: 800_000, isNewcomer: false }),
    openAuctionLog: async () => await Promise.resolve(createMemoryEventLog()),
  })
  const last = world.time.now + 10_000
  await settle()
  while (world.time.now < last) await world.time.advanceTo(Math.min(last, world.time.nextAt ?? last))
  const { transcript } = await begun
  if (transcript === undefined) throw new TypeError('no transcript')
  return { world, host, winner, transcript }
}

/** More transfers to the second bidder than a page has. */
async function crowd(world: MarketWorld): Promise<void> {
  const [debit, credit] = [KEYS.buyer, KEYS.rival].map(({ did }) =>
    formatAccountId({ owner: did, kind: 'available', currency: USD }),
  )
  if (debit === undefined || credit === undefined) throw new TypeError('unreachable')
  for (let message = 0; message < 33; message += 1) {
    const orders = Array.from({ length: 32 }, (_, place) => {
      const id = parseTransferId(sha256Hex(`${message}/${place}`).slice(0, 32))
      if (id === undefined) throw new TypeError('unreachable')
      const order = { kind: 'post', id, debit, credit, amount: nanos(1) } as const
      return bodyOfOrder({ ...order, isLinked: false, contract: undefined, reference: undefined }, USD)
    })
    await world.tell('ledger-transfer', { orders }, KEYS.buyer)
  }
}

function written(bytes: Uint8Array): string {
  const path = join(folder, `${sha256Hex(new TextDecoder().decode(bytes))}.json`)
  writeFileSync(path, bytes)
  return path
}

describe('the public file of an auction', () => {
  it('has what every bidder has signed, and deposits are held against a copy of the books', async () => {
    const run = await played()
    const path = written(auctionFileOf(run.host, run.transcript))
    expect(await verifyAuction({ path })).toMatchObject({ ok: true, clearingNanos: '900', deposits: null })
    const books = written(new TextEncoder().encode(await run.world.booksText()))
    const verdict = await verifyAuction({ path, books })
    expect(verdict).toMatchObject({ ok: true, problems: [], deposits: { held: 2, listed: 2 } })
  })

  it('shows bids that nobody has signed, as a transcript alone has them', async () => {
    const { host, transcript } = await played()
    const bare = await verifyAuction({ path: 'bare', transcript: formatAuctionValue(transcript) })
    expect(bare.ok).toBe(false)
    expect(bare.bids.map(({ status }) => status)).toEqual(['unsigned', 'unsigned'])
    const file = JSON.parse(new TextDecoder().decode(auctionFileOf(host, transcript))) as { bids: string[] }
    for (const at of file.bids.keys()) {
      const bids = file.bids.map((text, place) => (place === at ? text.replace(/"latencyMs":\d+|.$/, '') : text))
      const { problems } = await verifyAuction({ path: 'one', transcript: { ...file, bids } })
      expect(problems.map(({ code }) => code)).toContain('AUCTION_TRANSCRIPT_UNSIGNED')
    }
  })

  it('shows another bid than the one that was signed', async () => {
    const { host, transcript } = await played()
    const [first] = transcript.entries
    if (first?.reveal === undefined) throw new TypeError('unreachable')
    const other: Bid = { ...first.reveal.bid, priceNanos: nanos(123) }
    const { auction } = transcript
    const commitment = commitmentOf({ auction, bidder: first.bidder, salt: first.reveal.salt, bid: other })
    const entries = transcript.entries.map((entry) =>
      entry === first && first.reveal ? { ...first, commitment, reveal: { ...first.reveal, bid: other } } : entry,
    )
    const path = written(auctionFileOf(host, { ...transcript, entries }))
    expect((await verifyAuction({ path })).bids).toContainEqual({ bidder: first.bidder, status: 'unsigned' })
  })

  it('convicts of a bid without its deposit: everybody who has the books, and the winner whom it costs money', async () => {
    const run = await played(3, (world) => {
      const submit = world.notary.submit.bind(world.notary)
      vi.spyOn(world.notary, 'submit').mockImplementation(async (envelope, options) => {
        const { iss, type } = JSON.parse(new TextDecoder().decode(envelope)) as { iss: string; type: string }
        const isInvented = iss === KEYS.arbiter.did && type === 'ledger-transfer'
        return isInvented ? { effect: 'exists', code: undefined, receipt: envelope } : await submit(envelope, options)
      })
    })
    expect(await run.world.balance(KEYS.arbiter.did)).toBe(10_000n)
    const path = written(auctionFileOf(run.host, run.transcript))
    // By itself it is sound: whoever has many keys can sign with all of them.
    expect(await verifyAuction({ path })).toMatchObject({ ok: true, clearingNanos: '701' })
    const books = written(new TextEncoder().encode(await run.world.booksText()))
    const verdict = await verifyAuction({ path, books })
    expect(verdict).toMatchObject({ ok: false, clearingNanos: '900', deposits: { held: 2, listed: 3 } })
    expect(verdict.bids).toContainEqual({ bidder: KEYS.arbiter.did, status: 'free' })
    const note = run.winner.party.journal.note(HEARD_AUCTIONS, run.transcript.auction)
    const problems = ['AUCTION_TRANSCRIPT_DEPOSIT', 'AUCTION_TRANSCRIPT_OUTCOME']
    expect(note).toMatchObject({ ok: false, problems })
    expect(note).not.toHaveProperty('priceNanos')
  })

  it('finds each deposit however many transfers anybody has made to and from its bidders since', async () => {
    const run = await played(2, (world) => {
      const transfers = world.notary.transfers.bind(world.notary)
      const asked = vi.spyOn(world.notary, 'transfers').mockImplementation(async (query) => {
        asked.mockRestore()
        // Of who has lost it has come back.
        while ((await world.balance(KEYS.rival.did, 'held')) > 0n) await settle()
        await crowd(world)
        return await transfers(query)
      })
    })
    const { transfers } = await run.world.notary.transfers({ owner: KEYS.rival.did })
    expect(transfers.some(({ kind }) => kind === 'hold')).toBe(false)
    expect(run.winner.party.journal.note(HEARD_AUCTIONS, run.transcript.auction)).toMatchObject({
      ok: true,
      priceNanos: '900',
    })
  })

  it('is held against books that are right', async () => {
    const run = await played()
    const path = written(auctionFileOf(run.host, run.transcript))
    const text = await run.world.booksText()
    const broken = written(new TextEncoder().encode(text.replace('"amountNanos":"50"', '"amountNanos":"51"')))
    await expect(verifyAuction({ path, books: broken })).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
  })
})
