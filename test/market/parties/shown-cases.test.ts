import { describe, expect, it } from 'vitest'
import type { ContractId, Hash } from '../../../src/core/evidence/names.ts'
import { CONTRACTS, type ContractNote } from '../../../src/market/parties/contracts/contract-notes.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { BUYER_POLICY, type BuyerNode, bytesOf, MarketWorld, nanos, USD, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Scene = { readonly world: MarketWorld; readonly node: BuyerNode; readonly contract: ContractId }

/** A purchase whose payer decides nothing, as far as it goes by itself. */
async function openCase(runner: TaskRunner = WORD_COUNTER): Promise<Scene> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const policy = { ...BUYER_POLICY, arbiters: { members: [KEYS.arbiter.did], k: 1 } }
  const node = await world.buyer({ key: KEYS.buyer }, { policy, acceptsAlone: false })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(300)
  return { world, node, contract: node.buyer.order('order-1')?.contract as ContractId }
}

async function askCase(party: Party, contract: ContractId, envelope?: string): Promise<string> {
  const frame = { type: 'case-wanted', contract, ...(envelope !== undefined && { envelope }) } as const
  const { frame: answer } = await party.components.door.ask(KEYS.seller.did, { frame })
  return answer.type
}

/** The input of a contract, by its name. */
async function askFile(party: Party, { node, contract }: Scene, envelope?: string): Promise<string> {
  const hash = node.party.noteOf<ContractNote>(CONTRACTS, contract)?.input as Hash
  const frame = { type: 'file-wanted', contract, hash, ...(envelope !== undefined && { envelope }) } as const
  const { frame: answer } = await party.components.door.ask(KEYS.seller.did, { frame })
  return answer.type
}

async function requestOf(party: Party, contract: ContractId): Promise<string> {
  const body = { contract, node: party.components.door.did }
  const said = { act: 'asked', type: 'dispute-case-request', body, aud: '*', subject: contract } as const
  return new TextDecoder().decode((await party.wallet.say(said)).bytes)
}

describe('what a worker shows', () => {
  it('is nothing of a result before it is delivered', async () => {
    // The result is there, and the set hears nothing of it.
    const { world, node, contract } = await openCase()
    const early = await MarketWorld.create()
    const shop = await early.seller({ key: KEYS.seller })
    const { outbox } = shop.party
    const submit = outbox.submit.bind(outbox)
    Object.assign(outbox, {
      submit: async (kept: Parameters<typeof submit>[0]) =>
        kept.envelope.type === 'escrow-delivery' ? await new Promise<never>(() => undefined) : await submit(kept),
    })
    await shop.seller.offer(early.offer(), 'words')
    const waiting = await early.buyer({ key: KEYS.buyer }, { acceptsAlone: false })
    await waiting.buyer.buy(wanted())
    await settle(60)
    await early.time.advance(300)
    const open = waiting.buyer.order('order-1')?.contract as ContractId
    expect((await early.view(open))?.state).toBe('WORKING')
    expect(await askCase(waiting.party, open)).toBe('declined')
    await early.until(waiting, 'order-1')
    expect((await early.view(open))?.state).toBe('EXPIRED')
    expect(await askCase(waiting.party, open)).toBe('declined')
    expect((await world.view(contract))?.state).toBe('DELIVERED')
    expect(await askCase(node.party, contract)).toBe('case')
    await world.until(node, 'order-1')
    expect(await askCase(node.party, contract)).toBe('case')
  })

  it('is the case for an arbiter in a dispute alone, and for no node that repeats its request', async () => {
    const scene = await openCase()
    const { world, node, contract } = scene
    const { party: arbiter } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const { party: stranger } = await world.party(KEYS.recoverer, createMemoryEventLog())
    const request = await requestOf(arbiter, contract)
    expect(await askCase(arbiter, contract, request)).toBe('declined')
    const evidence = hashOfBytes(bytesOf('none'))
    const body = { reason: 'dislike', evidence, concededNanos: nanos(0), currency: USD }
    await node.party.tellNotary(contract, { act: 'reject/lie', type: 'escrow-reject', body })
    expect((await world.view(contract))?.state).toBe('DISPUTED')
    expect(await askCase(arbiter, contract, request)).toBe('case')
    expect(await askCase(arbiter, contract)).toBe('declined')
    expect(await askFile(arbiter, scene, request)).toBe('file')
    // Its node may have the name of its key: that is no signature.
    expect(await askFile(arbiter, scene)).toBe('declined')
    expect(await askFile(stranger, scene, request)).toBe('declined')
    expect(await askCase(stranger, contract, request)).toBe('declined')
    expect(await askCase(stranger, contract, await requestOf(stranger, contract))).toBe('declined')
    await world.until(node, 'order-1')
    expect(await askCase(arbiter, contract, request)).toBe('declined')
  })
})
