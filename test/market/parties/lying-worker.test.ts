import { describe, expect, it } from 'vitest'
import { decodeUtf8 } from '../../../src/core/text/decode-utf8.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { TAKEN } from '../../../src/market/parties/market-door.ts'
import type { KeptAnswer } from '../../../src/market/parties/outbox.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { KeptEnvelope } from '../../../src/market/parties/journal/party-record.ts'
import { StandingOffers } from '../../../src/market/parties/selling/standing-offers.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { contractIdOf, termsOfBody } from '../../../src/wire/v1/escrow-terms.ts'
import type { MarketFrameOf } from '../../../src/wire/v1/market-frames.ts'
import { type BuyerNode, bytesOf, MarketWorld, wanted } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Liar = {
  readonly party: Party
  readonly asked: MarketFrameOf<'contract'>[]
  /** Starts, and delivers the hash of what it never made. */
  readonly sellJunk: (contract: ContractId) => Promise<readonly string[]>
}

/** A worker that does what a test says before it signs. */
async function openLiar(
  world: MarketWorld,
  beforeSigning: (party: Party, contract: ContractId, frame: MarketFrameOf<'contract'>) => Promise<void>,
): Promise<Liar> {
  const { party } = await world.party(KEYS.seller, createMemoryEventLog())
  const offers = new StandingOffers(party)
  await offers.offer(world.offer(), 'words')
  const asked: MarketFrameOf<'contract'>[] = []
  party.components.door.serve({
    'offers-wanted': async ({ frame }) => await Promise.resolve(offers.answer(frame.skill)),
    contract: async ({ frame }) => {
      asked.push(frame)
      const read = party.read(frame.offer, 'escrow-offer')
      if (read === undefined) throw new TypeError('unreachable')
      const contract = contractIdOf(termsOfBody(read.envelope.body.terms))
      await beforeSigning(party, contract, frame)
      const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
      return { frame: { type: 'cosigned', signature } }
    },
    input: async () => await Promise.resolve(TAKEN),
  })
  const sellJunk = async (contract: ContractId): Promise<readonly string[]> => {
    const started = await party.tellNotary(contract, { act: 'start', type: 'escrow-start', body: {} })
    const junk = hashOfBytes(bytesOf('junk'))
    const view = await world.view(contract)
    if (view === undefined) return [started.effect]
    const claim = { claimNanos: BigInt(view.priceNanos) as never, currency: view.currency }
    const body = { result: junk, manifest: junk, meter: junk, verdict: junk, ...claim }
    const delivered = await party.tellNotary(contract, { act: 'deliver', type: 'escrow-delivery', body })
    return [started.effect, delivered.effect]
  }
  return { party, asked, sellJunk }
}

async function offerSameTerms(party: Party, contract: ContractId, frame: MarketFrameOf<'contract'>): Promise<void> {
  const terms = party.read(frame.offer, 'escrow-offer')?.envelope.body.terms
  if (terms === undefined) throw new TypeError('unreachable')
  const offered = await party.tellNotary(contract, { act: 'offer', type: 'escrow-offer', body: { terms } })
  expect(offered.effect).toBe('applied')
}

/** Answers the payer for the set before it is asked; `undefined` lets the message go there. */
function between(
  { party }: BuyerNode,
  answer: (kept: KeptEnvelope, act: string) => Promise<KeptAnswer | undefined>,
): void {
  const { outbox } = party
  const submit = outbox.submit.bind(outbox)
  Object.assign(outbox, {
    submit: async (kept: KeptEnvelope) => (await answer(kept, kept.act?.slice(65) ?? '')) ?? (await submit(kept)),
  })
}

async function contractOf(world: MarketWorld, { buyer }: BuyerNode): Promise<ContractId> {
  for (let turn = 0; turn < 40; turn += 1) {
    await settle(10)
    await world.time.advance(50)
  }
  return buyer.order('order-1')?.contract as ContractId
}

async function eventsOf(world: MarketWorld, contract: ContractId): Promise<readonly string[]> {
  return (await world.view(contract))?.transitions.map(({ event, to }) => `${event} -> ${to}`) ?? []
}

describe('a buyer whose worker goes ahead of it', () => {
  it('goes on with terms that the worker offered itself, and rejects what was not made', async () => {
    const world = await MarketWorld.create()
    const liar = await openLiar(world, offerSameTerms)
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const contract = await contractOf(world, node)
    expect(await liar.sellJunk(contract)).toEqual(['applied', 'applied'])
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    expect(await eventsOf(world, contract)).toContain('rejected -> DISPUTED')
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
    expect(await world.balance(KEYS.seller.did)).toBe(10_000n)
  })

  it('follows a hold that the worker asked for', async () => {
    const world = await MarketWorld.create()
    const liar = await openLiar(world, async () => await Promise.resolve())
    const node = await world.buyer({ key: KEYS.buyer })
    between(node, async ({ envelope }, act) => {
      const contract = envelope.head.contract as ContractId
      if (act === 'hold')
        expect(
          await liar.party.tellNotary(contract, { act: 'hold', type: 'escrow-hold-request', body: {} }),
        ).toMatchObject({
          effect: 'applied',
        })
      return undefined
    })
    await node.buyer.buy(wanted())
    const contract = await contractOf(world, node)
    expect(await liar.sellJunk(contract)).toEqual(['applied', 'applied'])
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('takes nothing that it signed for refused before the set knows of no contract any more', async () => {
    const world = await MarketWorld.create()
    const liar = await openLiar(world, async () => await Promise.resolve())
    const node = await world.buyer({ key: KEYS.buyer })
    const late: Uint8Array[] = []
    between(node, async ({ bytes }, act) => {
      if (act !== 'contract' && act !== 'withdraw') return undefined
      if (act === 'contract') late.push(bytes)
      return await Promise.resolve({ effect: 'refused', code: 'ENVELOPE_NOT_YET_VALID' })
    })
    await node.buyer.buy(wanted())
    const contract = await contractOf(world, node)
    for (const bytes of late) expect(await world.notary.submit(bytes)).toMatchObject({ effect: 'applied' })
    expect(await liar.party.tellNotary(contract, { act: 'hold', type: 'escrow-hold-request', body: {} })).toMatchObject(
      {
        effect: 'applied',
      },
    )
    expect(await liar.sellJunk(contract)).toEqual(['applied', 'applied'])
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('is told that nothing is held once nothing can be held', async () => {
    const world = await MarketWorld.create()
    await openLiar(world, async () => await Promise.resolve())
    const node = await world.buyer({ key: KEYS.buyer })
    between(node, async (_kept, act) => {
      const isRefused = act === 'contract' || act === 'withdraw'
      return await Promise.resolve(isRefused ? { effect: 'refused', code: 'ENVELOPE_NOT_YET_VALID' } : undefined)
    })
    await node.buyer.buy(wanted())
    const { failed, contract } = await world.until(node, 'order-1')
    expect(failed).toEqual({ code: 'BUY_NOT_HELD', reason: 'ENVELOPE_NOT_YET_VALID' })
    expect((await world.view(contract))?.state).toBe('ABORTED')
  })

  it('shows its signature on the contract to no worker', async () => {
    const world = await MarketWorld.create()
    const liar = await openLiar(world, async () => await Promise.resolve())
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const contract = await contractOf(world, node)
    const signature = await node.party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    const evidence = await world.notary.evidence(contract)
    const isSaid = evidence.some(({ envelope }) => envelope && decodeUtf8(envelope)?.includes(signature))
    expect([isSaid, JSON.stringify(liar.asked).includes(signature)]).toEqual([true, false])
  })
})

describe('a buyer whose worker does not answer for what it delivered', () => {
  it('rejects in time what is not handed out, however long the worker lets it ask', async () => {
    const world = await MarketWorld.create()
    const liar = await openLiar(world, async () => await Promise.resolve())
    let asked = 0
    const silent = { 'file-wanted': async () => ((asked += 1), await new Promise<never>(() => undefined)) }
    liar.party.components.door.serve(silent)
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const contract = await contractOf(world, node)
    expect(await liar.sellJunk(contract)).toEqual(['applied', 'applied'])
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    expect(asked).toBeGreaterThan(0)
    expect(await eventsOf(world, contract)).toContain('rejected -> DISPUTED')
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })
})
