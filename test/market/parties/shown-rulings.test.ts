import { describe, expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { Arbiter } from '../../../src/market/parties/arbiter.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { askParts, ownPart, recordOf, showPart, signPart, splitsOf } from '../../../src/market/parties/ruling-parts.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { stateFromEvidence } from '../../../src/node/market/desks/state-from-evidence.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { BUYER_POLICY, type BuyerNode, bytesOf, MarketWorld, nanos, TIMERS, USD, wanted } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const MEMBERS = [KEYS.arbiter.did, KEYS.secondArbiter.did].toSorted()

/** A dispute whose record is closed. */
async function openDispute(): Promise<{ world: MarketWorld; node: BuyerNode; contract: ContractId }> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const policy = { ...BUYER_POLICY, arbiters: { members: MEMBERS, k: 2 } }
  const node = await world.buyer({ key: KEYS.buyer }, { policy, acceptsAlone: false })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(300)
  const contract = node.buyer.order('order-1')?.contract as ContractId
  const body = { reason: 'dislike', evidence: hashOfBytes(bytesOf('none')), concededNanos: nanos(0), currency: USD }
  await node.party.tellNotary(contract, { act: 'reject/lie', type: 'escrow-reject', body })
  await world.time.advance(TIMERS.evidenceMs + 100)
  await settle(60)
  return { world, node, contract }
}

async function recordIn(party: Party, contract: ContractId) {
  const { notary, verify } = party.components
  const state = await stateFromEvidence({ notary, contract, verify, signal: party.signal })
  const evidenceRoot = state && recordOf(state)
  if (state === undefined || evidenceRoot === undefined || evidenceRoot === 'open') throw new Error('No closed record')
  return { state, evidenceRoot }
}

describe('what an arbiter has signed', () => {
  it('is shown to the other arbiters alone, and nothing is signed for the asking', async () => {
    const { world, contract } = await openDispute()
    const { party: first } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const { party: second } = await world.party(KEYS.secondArbiter, createMemoryEventLog())
    const { party: stranger } = await world.party(KEYS.recoverer, createMemoryEventLog())
    first.serveOnce('ruling', { 'ruling-wanted': async (question) => await showPart(first, question) })
    const { state, evidenceRoot } = await recordIn(first, contract)
    const asked = { state, evidenceRoot, nodes: [KEYS.arbiter.did, KEYS.seller.did] }
    expect(await askParts(second, { ...asked, me: second.did })).toEqual([])

    const statement = { contract, evidenceRoot, workerNanos: nanos(7), currency: USD }
    const signature = await signPart(first, statement, { me: first.did, members: MEMBERS })
    const parts = await askParts(second, { ...asked, me: second.did })
    expect(parts).toEqual([{ arbiter: first.did, statement, signature }])
    expect(splitsOf(parts)).toEqual([{ workerNanos: nanos(7), arbiters: [first.did] }])
    expect(await askParts(stranger, { ...asked, me: stranger.did })).toEqual([])
    expect(await ownPart(second, { contract, evidenceRoot })).toBeUndefined()
  })

  it('counts only with a signature of one of them, for this very record', async () => {
    const { world, contract } = await openDispute()
    const { party: first } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const { party: second } = await world.party(KEYS.secondArbiter, createMemoryEventLog())
    const { state, evidenceRoot } = await recordIn(first, contract)
    const ask = async () => await askParts(second, { state, evidenceRoot, me: second.did, nodes: [KEYS.arbiter.did] })
    const right = { contract, evidenceRoot, workerNanos: nanos(7), currency: USD }
    const signature = await signPart(first, right, { me: first.did, members: MEMBERS })
    const other = { ...right, evidenceRoot: hashOfBytes(bytesOf('another record')) }
    const otherSignature = await signPart(first, other, { me: first.did, members: MEMBERS })
    let shown = { statement: right, signature }
    first.serveOnce('lie', {
      'ruling-wanted': async () => await Promise.resolve({ frame: { type: 'ruling', ...shown } }),
    })
    expect(await ask()).toHaveLength(1)
    shown = { statement: { ...right, workerNanos: nanos(8) }, signature }
    expect(await ask()).toEqual([])
    shown = { statement: other, signature: otherSignature }
    expect(await ask()).toEqual([])
  })

  it('is shown by an arbiter that is a program as well, so that a person can co-sign it', async () => {
    const { world, contract } = await openDispute()
    const { party: first } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const { party: second } = await world.party(KEYS.secondArbiter, createMemoryEventLog())
    const arbiter = new Arbiter({ party: first, peerOf: (did) => did })
    arbiter.start()
    arbiter.take(contract)
    await settle(60)
    await world.time.advance(2_000)
    const { state, evidenceRoot } = await recordIn(second, contract)
    const [part] = await askParts(second, { state, evidenceRoot, me: second.did, nodes: [KEYS.arbiter.did] })
    expect(part).toMatchObject({ arbiter: first.did, statement: { contract, evidenceRoot } })
  })
})

it('an arbiter follows nothing that a stranger names to it, unless the set knows it and it is the arbiter there', async () => {
  const { world, contract } = await openDispute()
  const { party } = await world.party(KEYS.recoverer, createMemoryEventLog())
  const { party: stranger } = await world.party(KEYS.rival, createMemoryEventLog())
  new Arbiter({ party }).start()
  const ask = async (named: string): Promise<unknown> => {
    const statement = { contract: named as ContractId, evidenceRoot: hashOfBytes(bytesOf('r')), workerNanos: nanos(1) }
    const frame = { type: 'ruling', statement: { ...statement, currency: USD }, signature: 'A'.repeat(86) } as const
    const answer = (await stranger.components.door.ask(KEYS.recoverer.did, { frame })).frame
    return answer.type === 'declined' ? answer.code : answer.type
  }
  let questions = 0
  const notary: object = Object.create(party.components.notary) as object
  const asked = async (...args: Parameters<MarketWorld['notary']['contract']>): Promise<unknown> => {
    questions += 1
    return await world.notary.contract(...args)
  }
  Object.assign(party.components, { notary: Object.assign(notary, { contract: asked }) })
  const unknown = Array.from({ length: 50 }, (_, index) => hashOfBytes(bytesOf(`unknown ${index}`)))
  for (const name of [...unknown, contract]) expect(await ask(name)).toBe('MARKET_CONTRACT_UNKNOWN')
  await world.time.advance(60_000)
  await settle(60)
  expect([questions, party.states.size]).toEqual([51, 0])
})
