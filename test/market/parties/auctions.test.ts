import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import type { DurationMs } from '../../../src/base/time.ts'
import { auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import type { AuctionTranscript } from '../../../src/core/auction/auction-record.ts'
import { type Bid, commitmentOf } from '../../../src/core/auction/commitment.ts'
import { holdDeposit, LOST_DEPOSITS } from '../../../src/core/auction/deposits.ts'
import { parseSalt32, type Salt32 } from '../../../src/core/auction/delimited-hash.ts'
import type { BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import { formatAuctionValue } from '../../../src/core/auction/auction-codec.ts'
import { transcriptHashOf } from '../../../src/core/auction/transcript.ts'
import { verifyTranscript } from '../../../src/core/auction/verify-transcript.ts'
import { type Did, type Hash, parseContractId } from '../../../src/core/evidence/names.ts'
import { readSignedRecord } from '../../../src/market/auctions/signed-record.ts'
import { auctionFileOf, type RefusedBid } from '../../../src/market/parties/auctions/call-post.ts'
import { HEARD_AUCTIONS, heldEvidence } from '../../../src/market/parties/auctions/heard-auctions.ts'
import { declined, type MarketAnswer, type MarketHandlers, TAKEN } from '../../../src/market/parties/market-door.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { type CallForBids, callForBids, type CallOutcome } from '../../../src/market/parties/auctions/run-call.ts'
import { StandingOffers } from '../../../src/market/parties/selling/standing-offers.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { callOfBody } from '../../../src/wire/v1/auction-messages.ts'
import { bodyOfOrder } from '../../../src/wire/v1/ledger-events.ts'
import { verifyAuction } from '../../../src/node/market/copies/verify-auction.ts'
import { MarketWorld, nanos, SET, USD, verify } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const ms = (span: number): DurationMs => span as DurationMs
const KNOWN: BidderStanding = { capabilities: [], reputationPpm: 800_000, isNewcomer: false }
const DEPOSIT = nanos(50)
const PEERS: readonly FixedKey[] = [KEYS.seller, KEYS.rival, KEYS.arbiter]

type Held = CallOutcome & { readonly refused: readonly RefusedBid[] }

type Begun = { readonly done: Promise<CallOutcome>; readonly refused: readonly RefusedBid[] }

/** Begins an auction in the name of the buyer, among everybody who stands in the world. */
function begin(host: Party, changes: Partial<CallForBids> = {}): Begun {
  const refused: RefusedBid[] = []
  const done = callForBids(host, {
    buyer: host.did,
    skill: 'text.word-count',
    task: sha256Hex('task') as Hash,
    currency: USD,
    kind: 'first',
    reservePriceNanos: nanos(2_000),
    latencyMsMax: ms(30_000),
    depositNanos: DEPOSIT,
    forfeitTo: LOST_DEPOSITS,
    bidMs: ms(1_000),
    revealMs: ms(1_000),
    settleMs: ms(1_000),
    bidsMax: 8,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: nanos(2_000) },
    weights: { price: 1, latency: 0, reputation: 0 },
    english: undefined,
    notarySet: SET.id,
    peers: PEERS.map(({ did }) => did),
    inputBytes: 10,
    standingOf: async () => await Promise.resolve(KNOWN),
    openAuctionLog: async () => await Promise.resolve(createMemoryEventLog()),
    onRefused: (bid) => void refused.push(bid),
    ...changes,
  })
  return { done, refused }
}

/** Moves time until it has ended, and a little on. */
async function finish(world: MarketWorld, { done, refused }: Begun): Promise<Held> {
  let outcome: CallOutcome | undefined
  done.then(
    (value) => (outcome = value),
    () => undefined,
  )
  const last = world.time.now + 20_000
  await settle()
  while (outcome === undefined && world.time.now < last)
    await world.time.advanceTo(Math.min(last, world.time.nextAt ?? last))
  await world.time.advance(100)
  return { ...(await done), refused }
}

async function hold(world: MarketWorld, host: Party, changes: Partial<CallForBids> = {}): Promise<Held> {
  return await finish(world, begin(host, changes))
}

async function sellerAt(world: MarketWorld, key: FixedKey, price: number) {
  const node = await world.seller({ key })
  await node.seller.offer(world.offer({ priceNanos: nanos(price) }), 'words')
  return node
}

async function opened() {
  const world = await MarketWorld.create([
    [KEYS.buyer, 10_000],
    [KEYS.seller, 1_000],
    [KEYS.rival, 1_000],
    [KEYS.arbiter, 1_000],
  ])
  const { party: host } = await world.party(KEYS.buyer, createMemoryEventLog())
  return { world, host }
}

type Tricks = {
  /** What it answers to the call instead of what is due. */
  readonly call?: (honest: MarketAnswer, liar: Liar) => Promise<MarketAnswer>
  readonly told?: (type: string, liar: Liar) => Promise<MarketAnswer>
}

/** A bidder that keeps no rules: it signs what it likes. */
class Liar {
  readonly party: Party
  auction: Hash = sha256Hex('') as Hash
  readonly bid: Bid = { priceNanos: nanos(300), latencyMs: ms(10) }
  readonly salt = saltOf('liar')
  readonly heard: string[] = []

  private constructor(party: Party) {
    this.party = party
  }

  static async enter(world: MarketWorld, key: FixedKey, tricks: Tricks): Promise<Liar> {
    const { party } = await world.party(key, createMemoryEventLog())
    const liar = new Liar(party)
    const offers = new StandingOffers(party)
    await offers.offer(world.offer({ priceNanos: nanos(300) }), 'words')
    const handlers: MarketHandlers = {
      'offers-wanted': async ({ frame }) => await Promise.resolve(offers.answer(frame.skill)),
      call: async ({ frame }) => {
        const read = party.read(frame.envelope, 'auction-call')
        if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
        const call = callOfBody(read.envelope.body)
        liar.auction = auctionIdOf(call)
        await party.hear(read)
        const said = await liar.commit(commitmentOf({ ...liar.parts, bidder: party.did }), call.auctioneer)
        const order = holdDeposit(call, liar.auction, { bidder: party.did, envelope: said.envelope.hash })
        const honest = await liar.withDeposit(said.bytes, bodyOfOrder(order, USD))
        return tricks.call === undefined ? honest : await tricks.call(honest, liar)
      },
      told: async ({ frame }) => {
        const { type } = JSON.parse(frame.envelope) as { type: string }
        liar.heard.push(type)
        return tricks.told === undefined ? TAKEN : await tricks.told(type, liar)
      },
    }
    party.components.door.serve(handlers)
    return liar
  }

  get parts() {
    const { auction, salt, bid } = this
    return { auction, salt, bid }
  }

  async commit(commitment: Hash, aud: Did) {
    const body = { auction: this.auction, commitment }
    const subject = parseContractId(this.auction)
    return await this.party.wallet.say({ act: `commit/${commitment}`, type: 'auction-commitment', body, aud, subject })
  }

  async withDeposit(commitment: Uint8Array, order: ReturnType<typeof bodyOfOrder>): Promise<MarketAnswer> {
    const act = `deposit/${order.id}/${'amountNanos' in order ? order.amountNanos : ''}`
    const body = { orders: [order] }
    const { bytes } = await this.party.wallet.say({ act, type: 'ledger-transfer', body, aud: SET.id })
    return { frame: { type: 'said', envelope: textOf(commitment), deposit: textOf(bytes) } }
  }

  async reveal(bid: Bid, aud: Did): Promise<MarketAnswer> {
    const body = { auction: this.auction, salt: this.salt, bid }
    const subject = parseContractId(this.auction)
    const act = `reveal/${bid.priceNanos}`
    const { bytes } = await this.party.wallet.say({ act, type: 'auction-reveal', body, aud, subject })
    return { frame: { type: 'said', envelope: textOf(bytes) } }
  }
}

function saltOf(text: string): Salt32 {
  const salt = parseSalt32(Buffer.from(sha256Hex(text), 'hex').toString('base64url'))
  if (salt === undefined) throw new TypeError(text)
  return salt
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function statusOf(outcome: CallOutcome, bidder: Did): string | undefined {
  return outcome.transcript && verifyTranscript(outcome.transcript).bids.find((one) => one.bidder === bidder)?.status
}

describe('deposits of an auction between nodes', () => {
  it('are held of every bidder and come back to who revealed', async () => {
    const { world, host } = await opened()
    const shops = [await sellerAt(world, KEYS.seller, 900), await sellerAt(world, KEYS.rival, 700)]
    const begun = begin(host)
    await settle(100)
    for (const { party } of shops) expect(await world.balance(party.did, 'held')).toBe(50n)
    const { awarded, transcript } = await finish(world, begun)
    expect(awarded).toMatchObject({ winner: KEYS.rival.did, clearingNanos: 700n })
    for (const { party } of shops) {
      expect(await world.balance(party.did)).toBe(1_000n)
      const notes = party.journal.notesOf(HEARD_AUCTIONS).map(([, note]) => note)
      expect(notes).toMatchObject([{ ok: true, problems: [], transcript: transcript && transcriptHashOf(transcript) }])
    }
    expect(world.failures).toEqual([])
  })

  it('are lost by who does not reveal, to neither buyer nor auctioneer', async () => {
    const { world, host } = await opened()
    await sellerAt(world, KEYS.seller, 900)
    const liar = await Liar.enter(world, KEYS.rival, {})
    const outcome = await hold(world, host)
    expect(outcome.awarded).toMatchObject({ winner: KEYS.seller.did, clearingNanos: 900n })
    expect(statusOf(outcome, liar.party.did)).toBe('unrevealed')
    expect(await world.balance(KEYS.rival.did)).toBe(950n)
    expect(await world.balance(LOST_DEPOSITS)).toBe(50n)
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('keep a bidder out that has none, and that puts up another one than was asked', async () => {
    const { world, host } = await opened()
    await sellerAt(world, KEYS.seller, 900)
    const poor = await Liar.enter(world, KEYS.secondArbiter, {})
    const cheap = await Liar.enter(world, KEYS.rival, {
      call: async (honest, liar) => {
        const { frame } = honest
        if (frame.type !== 'said') return honest
        const body = JSON.parse(frame.deposit ?? '') as { body: { orders: [Record<string, unknown>] } }
        const [order] = body.body.orders
        const changed = { ...order, amountNanos: 1n as Amount } as ReturnType<typeof bodyOfOrder>
        return await liar.withDeposit(new TextEncoder().encode(frame.envelope), changed)
      },
    })
    const outcome = await hold(world, host, { peers: [...PEERS.map(({ did }) => did), poor.party.did] })
    expect(outcome.transcript?.entries.map(({ bidder }) => bidder)).toEqual([KEYS.seller.did])
    expect(outcome.refused).toEqual([
      { bidder: cheap.party.did, type: 'auction-commitment', code: 'AUCTION_DEPOSIT_UNKNOWN' },
    ])
    expect(poor.heard).toContain('auction-refusal')
    expect(await world.balance(KEYS.rival.did, 'held')).toBe(0n)
  })

  it('are free by their expiry when the auctioneer vanishes', async () => {
    const { world, host } = await opened()
    const shop = await sellerAt(world, KEYS.seller, 900)
    begin(host).done.catch(() => undefined)
    await settle(100)
    expect(await world.balance(shop.party.did, 'held')).toBe(50n)
    await host.stop()
    await world.time.advance(3_000)
    expect(await world.balance(shop.party.did, 'held')).toBe(50n)
    await world.time.advance(2_000)
    expect(await world.balance(shop.party.did)).toBe(1_000n)
  })
})

describe('bidders that lie', () => {
  it('reveal late, another bid, or twice: the first right one counts', async () => {
    const { world, host } = await opened()
    await sellerAt(world, KEYS.seller, 900)
    const altered = await Liar.enter(world, KEYS.rival, {
      told: async (type, liar) =>
        type === 'auction-commitments'
          ? await liar.reveal({ ...liar.bid, priceNanos: amountFromNanos(1n) }, host.did)
          : TAKEN,
    })
    const late = await Liar.enter(world, KEYS.arbiter, {
      told: async (type, liar) => {
        if (type !== 'auction-commitments') return TAKEN
        const said = await liar.reveal(liar.bid, host.did)
        await world.time.wait(1_050)
        return said
      },
    })
    const outcome = await hold(world, host)
    expect(outcome.refused.toSorted((one, other) => (one.code < other.code ? -1 : 1))).toEqual([
      { bidder: late.party.did, type: 'auction-reveal', code: 'AUCTION_LATE' },
      { bidder: altered.party.did, type: 'auction-reveal', code: 'AUCTION_REVEAL_ALTERED' },
    ])
    for (const { party } of [altered, late]) {
      expect(statusOf(outcome, party.did)).toBe('unrevealed')
      expect(await world.balance(party.did)).toBe(950n)
    }
    expect(outcome.awarded).toMatchObject({ winner: KEYS.seller.did, clearingNanos: 900n })
    expect(outcome.transcript && verifyTranscript(outcome.transcript).ok).toBe(true)
  })

  it('commit late, and are not in it', async () => {
    const { world, host } = await opened()
    await sellerAt(world, KEYS.seller, 900)
    const late = await Liar.enter(world, KEYS.rival, {
      call: async (honest) => {
        await world.time.wait(1_000)
        return honest
      },
    })
    const outcome = await hold(world, host)
    expect(outcome.refused).toEqual([{ bidder: late.party.did, type: 'auction-commitment', code: 'AUCTION_LATE' }])
    expect(statusOf(outcome, late.party.did)).toBeUndefined()
    expect(await world.balance(late.party.did)).toBe(1_000n)
  })

  it('cannot use what they have overheard: neither the message of another nor its commitment', async () => {
    const { world, host } = await opened()
    const victim = await Liar.enter(world, KEYS.seller, {
      told: async (type, liar) => (type === 'auction-commitments' ? await liar.reveal(liar.bid, host.did) : TAKEN),
    })
    const thief = await Liar.enter(world, KEYS.rival, {
      call: async (_honest, liar) => {
        const commitment = commitmentOf({ ...victim.parts, auction: liar.auction, bidder: victim.party.did })
        const said = await liar.commit(commitment, host.did)
        const read = liar.party.journal
          .envelopesOf(liar.auction)
          .find(({ envelope }) => envelope.type === 'auction-call')
        if (read?.envelope.type !== 'auction-call') throw new TypeError('no call')
        const call = callOfBody(read.envelope.body)
        const order = holdDeposit(call, liar.auction, { bidder: liar.party.did, envelope: said.envelope.hash })
        return await liar.withDeposit(said.bytes, bodyOfOrder(order, USD))
      },
      told: async (type, liar) => {
        if (type !== 'auction-commitments') return TAKEN
        const body = { ...victim.parts, auction: liar.auction }
        const subject = parseContractId(liar.auction)
        const act = 'copied'
        const { bytes } = await liar.party.wallet.say({ act, type: 'auction-reveal', body, aud: host.did, subject })
        return { frame: { type: 'said', envelope: textOf(bytes) } }
      },
    })
    const parrot = await Liar.enter(world, KEYS.arbiter, {
      call: async () => {
        const said = await victim.commit(commitmentOf({ ...victim.parts, bidder: victim.party.did }), host.did)
        return { frame: { type: 'said', envelope: textOf(said.bytes) } }
      },
    })
    const outcome = await hold(world, host)
    expect(statusOf(outcome, thief.party.did)).toBe('unrevealed')
    expect(statusOf(outcome, parrot.party.did)).toBeUndefined()
    expect(outcome.awarded).toMatchObject({ winner: victim.party.did, clearingNanos: 300n })
    expect(await world.balance(thief.party.did)).toBe(950n)
  })
})

describe('an auctioneer that lies', () => {
  /** The transcript that an honest auction of two came to, and the bidder that did not win. */
  async function played() {
    const { world, host } = await opened()
    const loser = await sellerAt(world, KEYS.seller, 900)
    await sellerAt(world, KEYS.rival, 700)
    const { transcript } = await hold(world, host)
    if (transcript === undefined) throw new TypeError('no transcript')
    return { world, host, loser, transcript }
  }

  /** What the bidder makes of another transcript that the auctioneer signs. */
  async function judged(
    { world, host, loser, transcript }: Awaited<ReturnType<typeof played>>,
    change: (transcript: AuctionTranscript) => AuctionTranscript,
  ): Promise<unknown> {
    const changed = change(transcript)
    const body = { auction: changed.auction, transcriptHash: transcriptHashOf(changed), outcome: changed.outcome }
    const subject = parseContractId(changed.auction)
    const said = await host.wallet.say({ act: 'lie', type: 'auction-transcript', body, aud: '*', subject })
    const frame = { type: 'told', envelope: textOf(said.bytes) } as const
    const asked = host.components.door.ask(loser.party.did, { frame, bytes: auctionFileOf(host, changed) })
    await settle()
    await world.time.advance(1)
    expect((await asked).frame).toEqual(TAKEN.frame)
    return loser.party.journal.note(HEARD_AUCTIONS, changed.auction)
  }

  it('is convicted of a bid that it leaves out by the receipt that the bidder kept', async () => {
    const run = await played()
    const without = (transcript: AuctionTranscript): AuctionTranscript => ({
      ...transcript,
      entries: transcript.entries.filter(({ bidder }) => bidder !== run.loser.party.did),
    })
    expect(await judged(run, without)).toMatchObject({ ok: false, problems: ['AUCTION_TRANSCRIPT_OMITTED'] })
    // Anybody else comes to the same with the receipts alone.
    const { receipts = [] } = heldEvidence(run.loser.party, run.transcript.auction, run.host.did)
    expect(receipts.map(({ stage }) => stage)).toEqual(['commitment', 'reveal'])
    const verdict = verifyTranscript(without(run.transcript), { receipts })
    expect(verdict.bids).toContainEqual({ bidder: run.loser.party.did, status: 'omitted' })
  })

  it('is convicted of another standing, of another price, and of a checkpoint that is not the first', async () => {
    const run = await played()
    const worse = { ...KNOWN, reputationPpm: 1 }
    const standing = (transcript: AuctionTranscript): AuctionTranscript => ({
      ...transcript,
      entries: transcript.entries.map((entry) =>
        entry.bidder === run.loser.party.did ? { ...entry, standing: worse } : entry,
      ),
    })
    expect(await judged(run, standing)).toMatchObject({ problems: ['AUCTION_TRANSCRIPT_OMITTED'] })
    const second = await played()
    const price = (transcript: AuctionTranscript): AuctionTranscript => ({
      ...transcript,
      outcome: { kind: 'awarded', winner: KEYS.rival.did, clearingNanos: nanos(1_900) },
    })
    expect(await judged(second, price)).toMatchObject({ problems: ['AUCTION_TRANSCRIPT_OUTCOME'] })
    const third = await played()
    const beacon = (transcript: AuctionTranscript): AuctionTranscript => ({
      ...transcript,
      beacon: transcript.beacon && { ...transcript.beacon, checkpoint: sha256Hex('another') as Hash },
    })
    expect(await judged(third, beacon)).toMatchObject({ problems: ['AUCTION_TRANSCRIPT_BEACON'] })
  })

  it('is convicted before anybody by a file of what it signed, and by nothing that it did not sign', async () => {
    const { loser, transcript, host } = await played()
    const own = loser.party.journal
      .envelopesOf(transcript.auction)
      .filter(({ envelope }) => envelope.head.iss === host.did)
    const signed = own.map(({ bytes }) => textOf(bytes))
    const { bids } = JSON.parse(textOf(auctionFileOf(host, transcript))) as { readonly bids: readonly string[] }
    const json = formatAuctionValue(transcript)
    const right = await verifyAuction({ path: 'file', transcript: { transcript: json, bids, signed } })
    expect(right).toMatchObject({ ok: true, signedBy: host.did, receipts: 2, problems: [], deposits: null })
    const entries = transcript.entries.filter(({ bidder }) => bidder !== loser.party.did)
    const cut = formatAuctionValue({ ...transcript, entries })
    const wrong = await verifyAuction({ path: 'file', transcript: { transcript: cut, bids, signed } })
    expect(wrong).toMatchObject({ ok: false, signedBy: null })
    expect(wrong.problems.map(({ code }) => code)).toContain('AUCTION_TRANSCRIPT_OMITTED')
    const forged = signed.map((text) => text.replace('"stage":"commitment"', '"stage":"reveal"'))
    const refused = readSignedRecord(forged, { auction: transcript.auction, auctioneer: host.did, verify })
    expect([refused.receipts.length, refused.transcriptHash]).toEqual([1, transcriptHashOf(transcript)])
    const others = readSignedRecord(signed, { auction: transcript.auction, auctioneer: loser.party.did, verify })
    expect([others.receipts, others.refused]).toEqual([[], signed.length])
  })

  it('gets no bid shown when it leaves the commitment off the list', async () => {
    const { world, host } = await opened()
    const shop = await sellerAt(world, KEYS.seller, 900)
    const begun = begin(host)
    await settle(100)
    const [auction] = shop.party.journal.notesOf('bid').map(([name]) => name as Hash)
    if (auction === undefined) throw new TypeError('no bid')
    const body = { auction, commitments: [] }
    const subject = parseContractId(auction)
    const said = await host.wallet.say({ act: 'list', type: 'auction-commitments', body, aud: '*', subject })
    const answer = await host.components.door.ask(shop.party.did, {
      frame: { type: 'told', envelope: textOf(said.bytes) },
    })
    expect(answer.frame).toEqual({ type: 'declined', code: 'MARKET_BID_OMITTED' })
    await finish(world, begun)
  })
})

describe('ties', () => {
  it('are broken by a block that the set certified behind the commitments, as anybody finds it', async () => {
    const { world, host } = await opened()
    await sellerAt(world, KEYS.seller, 700)
    await sellerAt(world, KEYS.rival, 700)
    const { transcript } = await hold(world, host)
    const from = (transcript?.call.opensAt ?? 0) + 1_000
    const first = await world.notary.firstSince(from as never)
    expect(transcript).toMatchObject({ tieRule: 'beacon', beacon: { checkpoint: first?.block, at: first?.at } })
    expect(first?.at).toBeGreaterThanOrEqual(from)
    const checkpoint = first?.block
    expect(transcript && checkpoint && verifyTranscript(transcript, { checkpoint })).toMatchObject({ ok: true })
  })
})

describe('filters of a call', () => {
  it('keep out who has too little standing or lacks a capability, whatever it bids', async () => {
    const { world, host } = await opened()
    for (const key of [KEYS.seller, KEYS.rival, KEYS.arbiter]) {
      const shop = await world.seller({ key })
      await shop.seller.offer(world.offer({ priceNanos: nanos(700), capabilities: ['gpu'] }), 'words')
    }
    const standings = new Map<Did, BidderStanding>([
      [KEYS.seller.did, { capabilities: ['gpu'], reputationPpm: 800_000, isNewcomer: false }],
      [KEYS.rival.did, { capabilities: ['gpu'], reputationPpm: 599_999, isNewcomer: false }],
      [KEYS.arbiter.did, { capabilities: [], reputationPpm: 900_000, isNewcomer: false }],
    ])
    const outcome = await hold(world, host, {
      filter: { capabilities: ['gpu'], reputationPpmMin: 600_000, newcomerExposureNanos: nanos(2_000) },
      standingOf: async (bidder) => await Promise.resolve(standings.get(bidder) ?? KNOWN),
    })
    expect(outcome.transcript?.entries.map(({ bidder }) => bidder)).toEqual([KEYS.seller.did])
    expect(outcome.transcript?.call.filter).toMatchObject({ capabilities: ['gpu'], reputationPpmMin: 600_000 })
    expect(outcome.awarded).toMatchObject({ winner: KEYS.seller.did })
  })
})

describe('an open descending auction between nodes', () => {
  const english = {
    minimumDecrementNanos: nanos(25),
    extensionWindowMs: ms(200),
    extensionMs: ms(200),
    extensionsMax: 5,
  }
  const open = { kind: 'english', depositNanos: nanos(0), revealMs: ms(0), bidsMax: 64, english } as const

  it('goes down until nobody undercuts, under stamps of the notary set', async () => {
    const { world, host } = await opened()
    const lowest = new Map<Did, bigint>([
      [KEYS.seller.did, 500n],
      [KEYS.rival.did, 650n],
    ])
    for (const key of [KEYS.seller, KEYS.rival]) {
      const priceNanos = nanos(lowest.get(key.did) ?? 0n)
      const shop = await world.seller({ key }, { bidOn: (_call, { latencyMs }) => ({ priceNanos, latencyMs }) })
      await shop.seller.offer(world.offer({ priceNanos: nanos(900) }), 'words')
    }
    const outcome = await hold(world, host, open)
    const { transcript, awarded } = outcome
    expect(awarded?.winner).toBe(KEYS.seller.did)
    expect(awarded?.clearingNanos).toBeLessThan(675)
    expect(awarded?.clearingNanos).toBeGreaterThanOrEqual(625)
    expect(transcript?.bids.length).toBeGreaterThan(8)
    expect(transcript && verifyTranscript(transcript)).toMatchObject({ ok: true, winner: KEYS.seller.did })
    // The set has stamped every one of them.
    const stamps = await world.stampedAt(transcript?.bids.map(({ envelope }) => envelope) ?? [])
    expect(stamps).toEqual(transcript?.bids.map(({ at }) => at))
    expect(world.failures).toEqual([])
  })

  it('shows a bid that the transcript leaves out to everybody who was told of it', async () => {
    const { world, host } = await opened()
    const shop = await sellerAt(world, KEYS.seller, 900)
    const winner = await sellerAt(world, KEYS.rival, 700)
    const { transcript } = await hold(world, host, open)
    if (transcript === undefined) throw new TypeError('no transcript')
    const { receipts = [] } = heldEvidence(shop.party, transcript.auction, host.did)
    expect(new Set(receipts.map(({ bidder }) => bidder))).toContain(winner.party.did)
    const bids = transcript.bids.filter(({ bidder }) => bidder !== winner.party.did)
    const verdict = verifyTranscript({ ...transcript, bids }, { receipts })
    expect(verdict.problems.map(({ code }) => code)).toContain('AUCTION_TRANSCRIPT_OMITTED')
  })

  it('is not believed by a seller from anybody but the node that asked', async () => {
    const { world, host } = await opened()
    const shop = await world.seller(
      { key: KEYS.seller },
      { bidOn: () => ({ priceNanos: nanos(100), latencyMs: ms(1) }) },
    )
    await shop.seller.offer(world.offer({ priceNanos: nanos(900) }), 'words')
    const begun = begin(host, open)
    await settle(100)
    const [auction] = shop.party.journal.notesOf('bid').map(([name]) => name as Hash)
    if (auction === undefined) throw new TypeError('no bid')
    const { party: shill } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const subject = parseContractId(auction)
    const bid = { priceNanos: nanos(200), latencyMs: ms(1) } as Bid
    const body = { auction, bid }
    const said = await shill.wallet.say({ act: 'shill', type: 'auction-bid', body, aud: '*', subject })
    const receipt = {
      auction,
      stage: 'bid' as const,
      bidder: shill.did,
      standing: { ...KNOWN, capabilities: [] },
      commitment: said.envelope.hash,
      envelope: said.envelope.hash,
      at: world.time.clock.now(),
    }
    const told = await shill.wallet.say({ act: 'told', type: 'auction-receipt', body: receipt, aud: '*', subject })
    const answer = await shill.components.door.ask(shop.party.did, {
      frame: { type: 'told', envelope: textOf(told.bytes), about: textOf(said.bytes) },
    })
    expect(answer.frame).toEqual({ type: 'declined', code: 'MARKET_AUCTION_UNKNOWN' })
    expect((await finish(world, begun)).awarded).toMatchObject({ winner: KEYS.seller.did, clearingNanos: 900n })
  })
})
