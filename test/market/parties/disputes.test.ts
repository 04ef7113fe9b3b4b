import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import { Arbiter } from '../../../src/market/parties/arbiter.ts'
import type { BuyerPolicy } from '../../../src/market/parties/buying/buy-order.ts'
import { CONTRACTS } from '../../../src/market/parties/contracts/contract-notes.ts'
import { type RestoredMark, takeOver } from '../../../src/market/parties/restored-party.ts'
import { hashOfBytes, manifestHashOf, shownArtifact } from '../../../src/market/parties/contracts/task-package.ts'
import { encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  bytesOf,
  MarketWorld,
  nanos,
  SELLER_POLICY,
  type SellerNode,
  TIMERS,
  USD,
  wanted,
} from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const ARBITERS = [KEYS.arbiter, KEYS.secondArbiter]
const RULED: BuyerPolicy = {
  ...BUYER_POLICY,
  arbiters: { members: ARBITERS.map(({ did }) => did).toSorted(), k: 2 },
}

type Dispute = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly node: BuyerNode
  readonly contract: ContractId
  readonly states: () => Promise<readonly string[]>
}

/** A contract that is under way, with the payer's decisions left to the test. */
async function underWay(policy: BuyerPolicy, isHonest = true): Promise<Dispute> {
  const world = await MarketWorld.create()
  // The liar's own runner never ends; what it delivers is up to the test.
  const lying = { runner: { run: async () => await new Promise<never>(() => undefined) } }
  const shop = await world.seller({ key: KEYS.seller }, isHonest ? {} : lying)
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, { policy, acceptsAlone: !isHonest })
  await node.buyer.buy(wanted())
  await settle(60)
  await world.time.advance(300)
  const contract = node.buyer.order('order-1')?.contract as ContractId
  return {
    world,
    shop,
    node,
    contract,
    states: async () => (await world.view(contract))?.transitions.map(({ event, to }) => `${event} -> ${to}`) ?? [],
  }
}

async function arbiters(
  { world, contract }: Dispute,
  keys: readonly FixedKey[],
  peerOf?: (did: Did) => Did,
  restored?: RestoredMark,
): Promise<void> {
  for (const key of keys) {
    const { party } = await world.party(key, createMemoryEventLog())
    await takeOver(party, restored)
    const arbiter = new Arbiter({ party, ...(peerOf && { peerOf }) })
    arbiter.start()
    arbiter.take(contract)
  }
}

function markAt(at: number): RestoredMark {
  return { at: timestampFromMs(at), since: timestampFromMs(at - 2_000) }
}

async function rejectWithoutReason({ node, contract }: Dispute): Promise<void> {
  const body = { reason: 'dislike', evidence: hashOfBytes(bytesOf('none')), concededNanos: nanos(0), currency: USD }
  await node.party.tellNotary(contract, { act: 'reject/lie', type: 'escrow-reject', body })
}

describe('arbiters that come back from a backup', () => {
  it.each([
    ['before', false],
    ['behind', true],
  ] as const)(
    '%s the beginning of a dispute: they rule (%s) on what they cannot have ruled on yet',
    async (_, isLate) => {
      const dispute = await underWay(RULED)
      const { world, node, states } = dispute
      if (!isLate) await arbiters(dispute, ARBITERS, undefined, markAt(world.time.now - 40_000))
      await rejectWithoutReason(dispute)
      await settle(60)
      await world.time.advance(50)
      if (isLate) await arbiters(dispute, ARBITERS, undefined, markAt(world.time.now))
      await world.until(node, 'order-1')
      expect((await states()).includes('ruled -> SETTLED')).toBe(!isLate)
    },
  )
})

describe('a payer that rejects without reason', () => {
  it('pays all by the ruling of arbiters that ran the predicate themselves', async () => {
    const dispute = await underWay(RULED)
    const { world, node, contract, states } = dispute
    expect(await states()).toContain('delivered -> DELIVERED')
    await arbiters(dispute, ARBITERS)
    await rejectWithoutReason(dispute)
    await world.until(node, 'order-1')
    expect((await states()).slice(-5)).toEqual([
      'rejected -> DISPUTED',
      'evidence-added -> DISPUTED',
      'timer-fired -> DISPUTED',
      'ruled -> SETTLED',
      'timer-fired -> FINAL',
    ])
    expect(await world.view(contract)).toMatchObject({ capturedNanos: '1000', state: 'FINAL' })
    expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
    expect(world.failures).toEqual([])
  })

  it('pays all though nobody shows the work at first: whoever is away is asked again until half of T_rule has passed', async () => {
    const dispute = await underWay(RULED)
    const { world, node, contract } = dispute
    let isAway = true
    await arbiters(dispute, ARBITERS, (did) => (isAway ? KEYS.feeOwner.did : did))
    await rejectWithoutReason(dispute)
    await world.time.advance(TIMERS.evidenceMs + 15_000)
    expect((await world.view(contract))?.state).toBe('DISPUTED')
    isAway = false
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ capturedNanos: '1000', state: 'FINAL' })
  })

  it('is ruled on for what is conceded where nobody has shown the work by then', async () => {
    const dispute = await underWay(RULED)
    const { world, states } = dispute
    await arbiters(dispute, ARBITERS, (did) => (ARBITERS.some((one) => one.did === did) ? did : KEYS.feeOwner.did))
    await rejectWithoutReason(dispute)
    await world.time.advance(TIMERS.evidenceMs + TIMERS.ruleMs / 2 - 10_000)
    expect((await states()).at(-1)).toBe('timer-fired -> DISPUTED')
    await world.time.advance(30_000)
    expect((await states()).at(-1)).toBe('ruled -> SETTLED')
  })

  it('ends by the fallback when one of two arbiters is away', async () => {
    const dispute = await underWay({ ...RULED, fallbackPerMillion: 500_000 })
    const { world, node, contract } = dispute
    await arbiters(dispute, [KEYS.arbiter])
    await rejectWithoutReason(dispute)
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ capturedNanos: '500', state: 'FINAL' })
  })
})

describe('a predicate that nothing meets', () => {
  it.each([
    [false, '0'],
    [true, '500'],
  ])('is conceded, but not to a payer of whom more bad than good is known: %s', async (isDoubtful, capturedNanos) => {
    const world = await MarketWorld.create()
    const shop = await world.seller(
      { key: KEYS.seller },
      { policy: { ...SELLER_POLICY, isDoubtful: () => isDoubtful } },
    )
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer }, { policy: { ...RULED, fallbackPerMillion: 500_000 } })
    const predicate = {
      kind: 'number-near',
      artifact: 'result',
      pointer: '/words',
      expected: '99',
      tolerance: '0',
    } as const
    await node.buyer.buy(wanted({ predicate }))
    const { contract } = await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ capturedNanos, state: 'FINAL' })
    await settle(60)
    expect(shop.party.noteOf(CONTRACTS, contract as ContractId)).toMatchObject({
      outcome: 'failed',
      ended: 'FINAL',
      paidNanos: capturedNanos,
    })
  })
})

describe('a payer that signs two things at one place', () => {
  it('freezes the contract, which arbiters end when half of T_rule has passed: the worker has what it claims', async () => {
    const dispute = await underWay(RULED)
    const { world, node, contract, states } = dispute
    await arbiters(dispute, ARBITERS)
    const said = node.party.journal
      .envelopesOf(contract)
      .findLast(({ envelope }) => envelope.head.iss === KEYS.buyer.did)
    if (said === undefined) throw new TypeError('unreachable')
    const { head } = said.envelope
    const lie = { ...head, type: 'escrow-withdraw' as const, body: { reason: 'not-held' }, nonce: 'A'.repeat(22) }
    await world.notary.submit(encodeEnvelope({ ...lie, iat: world.time.clock.now() }, KEYS.buyer.sign))
    expect((await states()).at(-1)).toMatch(/FROZEN$/)
    await world.time.advance(TIMERS.ruleMs / 2 - 5_000)
    expect((await states()).at(-1)).toMatch(/FROZEN$/)
    await world.time.advance(10_000)
    expect((await states()).at(-1)).toBe('ruled -> SETTLED')
    expect(await world.view(contract)).toMatchObject({ capturedNanos: '1000' })
  })
})

describe('a worker that lies', () => {
  async function deliver({ shop, contract }: Dispute, text: string): Promise<void> {
    const result = bytesOf(text)
    const body = {
      result: hashOfBytes(result),
      manifest: manifestHashOf(shownArtifact(result)),
      meter: hashOfBytes(bytesOf('meter')),
      verdict: hashOfBytes(bytesOf('passed')),
      claimNanos: nanos(1_000),
      currency: USD,
    }
    await shop.party.tellNotary(contract, { act: 'lie', type: 'escrow-delivery', body })
  }

  it('is rejected for what failed, and gives nothing for it', async () => {
    const dispute = await underWay(BUYER_POLICY, false)
    const { world, node, shop, contract, states } = dispute
    await deliver(dispute, '{"words":4}')
    const frame = { type: 'result', contract, hash: hashOfBytes(bytesOf('{"words":4}')) } as const
    await shop.party.components.door.ask(KEYS.buyer.did, { frame, bytes: bytesOf('{"words":4}') })
    await world.until(node, 'order-1')
    expect(await states()).toContain('rejected -> DISPUTED')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
    const rejection = node.party.wallet.said(`${contract}/reject/1`)
    expect(rejection?.envelope.body).toMatchObject({ reason: 'predicate-failed' })
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('is rejected when other bytes come than it delivered, and when none come', async () => {
    for (const bytes of [bytesOf('{"words":3}'), undefined]) {
      const dispute = await underWay(BUYER_POLICY, false)
      const { world, node, shop, contract } = dispute
      await deliver(dispute, '{"words":3, "more":1}')
      await settle(80)
      if (bytes !== undefined) {
        const frame = { type: 'result', contract, hash: hashOfBytes(bytes) } as const
        const answer = await shop.party.components.door.ask(KEYS.buyer.did, { frame, bytes })
        expect(answer.frame).toEqual({ type: 'declined', code: 'MARKET_TASK_WRONG' })
      }
      await world.until(node, 'order-1')
      expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
      expect(node.party.wallet.said(`${contract}/reject/1`)?.envelope.body).toMatchObject({ reason: 'result-missing' })
    }
  })
})

describe('a key that is lost or rotated on the way', () => {
  it.each(['lost', 'rotated'] as const)('of the payer, %s: the worker is paid by T_accept', async (how) => {
    const { world, node, contract, states } = await underWay(BUYER_POLICY)
    const log = node.party.components.log
    await world.leave(node)
    if (how === 'rotated') {
      const rotated = await world.buyer({ key: KEYS.rival, log })
      await settle(20)
      expect(world.failures).toMatchObject([{ code: 'EVIDENCE_KEY_CHANGED' }])
      await world.time.advance(60_000)
      expect(rotated.buyer.order('order-1')?.failed).toBeUndefined()
    } else await world.time.advance(60_000)
    expect((await states()).slice(-2)).toEqual(['timer-fired -> SETTLED', 'timer-fired -> FINAL'])
    expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
    expect((await world.view(contract))?.state).toBe('FINAL')
  })

  it.each(['lost', 'rotated'] as const)('of the worker, %s: the payer has its money back by T_deliver', async (how) => {
    const { world, node, shop, contract } = await underWay(BUYER_POLICY, false)
    const log = shop.party.components.log
    await world.leave(shop)
    if (how === 'rotated') await world.seller({ key: KEYS.rival, log })
    await world.until(node, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'EXPIRED', capturedNanos: '0' })
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })
})
