import { describe, expect, it } from 'vitest'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import { payerPpm } from '../../../src/market/reputation/known-standing.ts'
import { ReputationKeeper } from '../../../src/market/reputation/reputation-keeper.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { BUYER_POLICY, MarketWorld, nanos, SELLER_POLICY, USD, wanted } from '../parties/market-world.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'

/** The least that counts: a thousandth of a credit. */
const LEAST = 1_000_000

async function paid(priceNanos: number) {
  const world = await MarketWorld.create([[KEYS.buyer, 2 * LEAST]])
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer({ priceNanos: nanos(priceNanos) }), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy({ ...wanted(), maxNanos: nanos(priceNanos), custody: 'C2' })
  const { contract } = await world.until(node, 'order-1')
  await settle(60)
  return { world, shop, node, contract: contract as ContractId }
}

async function keep(party: Party, log: EventLog = createMemoryEventLog()): Promise<ReputationKeeper> {
  const keeper = await ReputationKeeper.open({ party, log })
  keeper.start()
  await settle(60)
  return keeper
}

const all = { role: undefined, limit: 10 } as const

describe('what a party knows from its own contracts', () => {
  it('is counted by both when both have signed, and by neither twice', async () => {
    const { world, shop, node, contract } = await paid(LEAST)
    const log = createMemoryEventLog()
    const bought = await keep(node.party, log)
    // The payer has its own word alone, and an accepted delivery takes two.
    expect(bought.list(all)).toEqual([])
    const sold = await keep(shop.party)
    expect(sold.list(all)).toMatchObject([
      { contracts: 1, goodMicros: 1_000n, badMicros: 0n },
      { contracts: 1, goodMicros: 1_000n, badMicros: 0n },
    ])
    await world.time.advance(60_000)
    await settle(60)
    // Whom each trusts differs, as each starts from itself.
    const untrusted = (keeper: ReputationKeeper) => keeper.list(all).map((line) => ({ ...line, trustUnits: undefined }))
    expect(untrusted(bought)).toEqual(untrusted(sold))
    const kept = node.party.journal.envelopesOf(contract).map(({ envelope }) => envelope)
    const receipts = kept.filter(({ type }) => type === 'reputation-receipt')
    expect(receipts.map(({ head }) => head.iss).toSorted()).toEqual([KEYS.buyer.did, KEYS.seller.did].toSorted())
    expect(bought.show(KEYS.seller.did)).toMatchObject([{ role: 'worker', raters: [{ rater: KEYS.buyer.did }] }])
    expect([...bought.policy.unitNanos.keys()]).toEqual([USD])
    expect(log.nextIndex).toBe(1)
    const known = bought.list(all)
    await bought.stop()
    const again = await ReputationKeeper.open({ party: node.party, log })
    expect(again.list(all)).toEqual(known)
    expect(world.failures).toEqual([])
  })

  it('is shown to strangers by the word of the payer, who has nothing to show for paying', async () => {
    const { world, shop, node } = await paid(LEAST)
    const [bought, sold] = [await keep(node.party), await keep(shop.party)]
    expect(bought.receiptsToShow()).toEqual([])
    await world.time.advance(60_000)
    await settle(60)
    const shown = sold.receiptsToShow()
    const read = shown.map((text) => node.party.read(text, 'reputation-receipt')?.envelope.head.iss)
    expect(read).toEqual([KEYS.buyer.did])
    expect(bought.receiptsToShow()).toEqual([])
    await sold.stop()
    const again = await ReputationKeeper.open({ party: shop.party, log: createMemoryEventLog() })
    expect(again.receiptsToShow()).toEqual(shown)
  })

  it('leaves no trace of what is worth less than the least', async () => {
    const { world, shop, node, contract } = await paid(LEAST - 1)
    const sold = await keep(shop.party)
    const bought = await keep(node.party)
    await world.time.advance(60_000)
    await settle(60)
    expect([bought.list(all), sold.list(all)]).toEqual([[], []])
    expect(node.party.journal.note('reputation', contract)).toBe('REPUTATION_VALUE_SMALL')
  })

  it('answers nobody but the other side of a contract that has ended', async () => {
    const { world, shop, node, contract } = await paid(LEAST)
    await keep(shop.party)
    await keep(node.party)
    const own = node.party.wallet.said(`${contract}/reputation-receipt`)
    const envelope = new TextDecoder().decode(own?.bytes)
    const { party: stranger } = await world.party(KEYS.rival, createMemoryEventLog())
    const ask = async (text: string) =>
      (await stranger.components.door.ask(KEYS.seller.did, { frame: { type: 'receipt', envelope: text } })).frame
    expect(await ask(envelope)).toEqual({ type: 'declined', code: 'MARKET_CONTRACT_UNKNOWN' })
    expect(await ask('{}')).toEqual({ type: 'declined', code: 'MARKET_ENVELOPE_REFUSED' })
  })
})

describe('a payer that rejects good work where nobody rules', () => {
  it('is known for it by whom it happened to, who then works for half at least', async () => {
    const world = await MarketWorld.create([[KEYS.buyer, LEAST]])
    const known: { books?: ReputationKeeper } = {}
    // As the policy of a node.
    const fallbackPerMillionMinOf = (_skill: string, payer: Did): number =>
      known.books !== undefined && payerPpm(known.books, payer) < 500_000 ? 500_000 : 0
    const careful = { ...SELLER_POLICY, fallbackPerMillionMinOf }
    const shop = await world.seller({ key: KEYS.seller }, { policy: careful })
    const books = await keep(shop.party)
    known.books = books
    await shop.seller.offer(world.offer({ priceNanos: nanos(LEAST) }), 'words')
    const policy = { ...BUYER_POLICY, disputeBondPerMillion: 0 }
    const node = await world.buyer({ key: KEYS.buyer }, { acceptsAlone: false, policy })
    const request = { ...wanted(), maxNanos: nanos(LEAST) }
    await node.buyer.buy(request)
    await settle(60)
    await world.time.advance(1_000)
    const contract = node.buyer.order('order-1')?.contract as ContractId
    const body = { reason: 'dislike', evidence: contract, concededNanos: nanos(0), currency: USD } as const
    await node.party.tellNotary(contract, { act: 'reject/free', type: 'escrow-reject', body })
    await world.until(node, 'order-1')
    await world.time.advance(10_000)
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
    expect(books.show(KEYS.buyer.did)).toMatchObject([{ role: 'payer', goodMicros: 0n, badMicros: 1_000n }])
    await node.buyer.buy({ ...request, idempotencyKey: 'again' })
    expect((await world.until(node, 'again')).failed).toMatchObject({ reason: 'MARKET_FALLBACK_LOW' })
    await node.buyer.buy({ ...request, idempotencyKey: 'shared', fallbackPerMillion: 500_000 })
    await settle(60)
    await world.time.advance(1_000)
    expect(await world.view(node.buyer.order('shared')?.contract)).toMatchObject({ state: 'DELIVERED' })
  })
})
