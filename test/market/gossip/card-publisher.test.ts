import { describe, expect, it } from 'vitest'
import {
  CARD_GREETING_MS,
  CARD_LIFE_MS,
  CARD_REPEAT_MS,
  CardPublisher,
  type OwnCard,
} from '../../../src/market/gossip/card-publisher.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import { CARD_TOPIC, MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import { seededRandom, settle, signerOf, TestTime } from '../parties/party-fixtures.ts'
import { cardBody, cardBytes, createEar, EAR, NETWORK, NODE, offerText, OTHER, receiptText } from './card-fixtures.ts'

type Stall = {
  readonly network: MemoryGossipNetwork
  readonly time: TestTime
  readonly publisher: CardPublisher
  /** What it sells from now on. */
  sell(changes: Partial<OwnCard>): void
  /** Somebody who listens, and the places of the cards of the stall that it knows. */
  listen(did?: typeof EAR.did): Promise<() => number | undefined>
  /** When the last card expires. */
  until(): number | undefined
}

async function openStall(time = new TestTime()): Promise<Stall> {
  const network = new MemoryGossipNetwork()
  const gossip = network.createGossip(NODE.did, MARKET_TOPICS)
  const { cards } = createEar({ gossip, time })
  await cards.start()
  let own: OwnCard = cardBody()
  const publisher = new CardPublisher(
    { gossip, cards, clock: time.clock, timers: time, random: seededRandom(1), signer: signerOf(NODE) },
    { network: NETWORK, describe: () => own, signal: new AbortController().signal, onFailure: () => {} },
  )
  return {
    network,
    time,
    publisher,
    until: () => cards.cardOf(NODE.did)?.until,
    sell: (changes) => void (own = { ...own, ...changes }),
    listen: async (did = EAR.did) => {
      const ear = createEar({ gossip: network.createGossip(did, MARKET_TOPICS), time })
      await ear.cards.start()
      return () => ear.cards.cardOf(NODE.did)?.seq
    },
  }
}

describe('the card of a node that sells', () => {
  it('is said when somebody listens, and not before', async () => {
    const { publisher, listen } = await openStall()
    expect(await publisher.publishIfDue()).toBe(false)
    const seq = await listen()
    expect(await publisher.publishIfDue()).toBe(true)
    await settle()
    expect(seq()).toBe(0)
    expect(await publisher.publishIfDue()).toBe(false)
  })

  it('is said again when it has changed, and once more when the last offer is taken back', async () => {
    const { publisher, listen, sell } = await openStall()
    const seq = await listen()
    await publisher.publishIfDue()
    sell({ models: ['other'] })
    expect(await publisher.publishIfDue()).toBe(true)
    sell({ offers: [] })
    expect([await publisher.publishIfDue(), await publisher.publishIfDue()]).toEqual([true, false])
    await settle()
    expect(seq()).toBe(2)
  })

  it('expires no sooner than the one before it, whatever the clock says', async () => {
    const { publisher, listen, time, sell, until } = await openStall()
    await listen()
    await publisher.publishIfDue()
    const first = until()
    time.now -= CARD_LIFE_MS / 4
    sell({ models: ['other'] })
    expect(await publisher.publishIfDue()).toBe(true)
    expect(until()).toBe(first)
  })

  it('is said again a minute after the first time, and then before it expires', async () => {
    const { publisher, listen, time } = await openStall()
    await listen()
    await publisher.publishIfDue()
    time.now += CARD_GREETING_MS
    expect(await publisher.publishIfDue()).toBe(true)
    time.now += CARD_REPEAT_MS - 1
    expect(await publisher.publishIfDue()).toBe(false)
    time.now += 1
    expect(await publisher.publishIfDue()).toBe(true)
    expect(CARD_REPEAT_MS * 6).toBeLessThanOrEqual(CARD_LIFE_MS)
  })

  it('is said to a neighbour that comes later, a minute after the last time at the earliest', async () => {
    const { publisher, listen, time } = await openStall()
    await listen()
    await publisher.publishIfDue()
    const seq = await listen(OTHER.did)
    expect(await publisher.publishIfDue()).toBe(false)
    time.now += CARD_GREETING_MS
    expect(await publisher.publishIfDue()).toBe(true)
    await settle()
    expect(seq()).toBe(1)
  })

  it('is never said more often than others listen', async () => {
    const { publisher, listen, sell } = await openStall()
    await listen()
    let count = 0
    for (let at = 0; at < 20; at += 1) {
      sell({ models: [`model-${at}`] })
      count += (await publisher.publishIfDue()) ? 1 : 0
    }
    expect(count).toBe(6)
  })

  it('goes on behind a card of its own that it only hears, when it has lost what it said', async () => {
    const { publisher, listen, network } = await openStall()
    const gossip = network.createGossip(OTHER.did, MARKET_TOPICS)
    const seq = await listen()
    await gossip.publish(CARD_TOPIC, cardBytes({ seq: 41 }))
    await settle()
    expect(seq()).toBe(41)
    await publisher.publishIfDue()
    await settle()
    expect(seq()).toBe(42)
  })

  it('holds as many offers as there is room for', async () => {
    const { publisher, listen, sell } = await openStall()
    await listen()
    const claims = Array.from({ length: 16 }, (_, at) => `claim-${`${at}`.padStart(2, '0')}-${'x'.repeat(40)}`)
    sell({ offers: Array.from({ length: 20 }, () => offerText({ capabilities: claims })) })
    expect(await publisher.publishIfDue()).toBe(true)
  })

  it('shows receipts of payers in what room the offers leave', async () => {
    const { network, time, publisher, sell } = await openStall()
    const ear = createEar({ gossip: network.createGossip(EAR.did, MARKET_TOPICS), time })
    await ear.cards.start()
    const receipts = Array.from({ length: 6 }, (_, at) => receiptText(at))
    const shown = async (offers: readonly string[]): Promise<readonly number[]> => {
      sell({ offers: [...offers], receipts: [...receipts] })
      expect(await publisher.publishIfDue()).toBe(true)
      await settle()
      const heard = ear.cards.cardOf(NODE.did)?.card
      return [heard?.offers.length ?? 0, heard?.receipts.length ?? 0]
    }
    expect(await shown([offerText()])).toEqual([1, 4])
    const claims = Array.from({ length: 16 }, (_, at) => `claim-${`${at}`.padStart(2, '0')}-${'x'.repeat(40)}`)
    const large = Array.from({ length: 12 }, () => offerText({ capabilities: claims }))
    const [offers = 0, left = 0] = await shown(large)
    expect(offers).toBeGreaterThan(5)
    expect(left).toBeLessThan(4)
  })

  it('is not said by a node that sells nothing', async () => {
    const { publisher, listen, sell } = await openStall()
    await listen()
    sell({ offers: [] })
    expect(await publisher.publishIfDue()).toBe(false)
  })
})
