import { describe, expect, it } from 'vitest'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import { Replica } from '../../../src/market/disputes/replica.ts'
import { REPLICA_CAPABILITY } from '../../../src/market/disputes/replicate.ts'
import { Arbiter } from '../../../src/market/parties/arbiter.ts'
import { attest } from '../../../src/market/parties/attestations.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { PIECE_BYTES } from '../../../src/wire/v1/piece-list.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  bytesOf,
  MarketWorld,
  nanos,
  USD,
  wanted,
  WORD_COUNTER,
} from '../parties/market-world.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'
import { ANY_SIZE, bytesOfLength, ECHO, LARGE_POLICY } from './artifact-kit.ts'

const LARGE = bytesOfLength(4 * PIECE_BYTES + 1_000)
const RULED = {
  ...BUYER_POLICY,
  timers: { ...BUYER_POLICY.timers, ruleMs: 400_000 as never },
  arbiters: { members: [KEYS.arbiter.did], k: 1 },
}
const AGAIN = { kind: 're-execution-near', artifact: 'result', run: 'again', tolerance: '0' } as const

type Scene = { readonly world: MarketWorld; readonly node: BuyerNode; readonly contract: ContractId }

/** A delivery that the payer rejects without a word, once it is there. */
async function rejected(runner: TaskRunner, predicate: typeof ANY_SIZE | typeof AGAIN): Promise<Scene> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, { runner, policy: LARGE_POLICY })
  await shop.seller.offer(world.offer({ inputBytesMax: 10_000_000 }), 'large')
  const node = await world.buyer({ key: KEYS.buyer }, { policy: RULED, acceptsAlone: false })
  await node.buyer.buy(wanted({ input: LARGE, predicate, peers: [KEYS.seller.did] }))
  await settle(80)
  await world.time.advance(2_000)
  const contract = node.buyer.order('order-1')?.contract as ContractId
  expect((await world.view(contract))?.state).toBe('DELIVERED')
  const body = { reason: 'dislike', evidence: hashOfBytes(bytesOf('none')), concededNanos: nanos(0), currency: USD }
  await node.party.tellNotary(contract, { act: 'reject/lie', type: 'escrow-reject', body })
  return { world, node, contract }
}

describe('a dispute over what is in pieces', () => {
  it('is ruled on by who has fetched all of them, and keeps none of them', async () => {
    const { world, node, contract } = await rejected(ECHO, ANY_SIZE)
    const { party } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const arbiter = new Arbiter({ party })
    arbiter.start()
    arbiter.take(contract)
    await world.until(node, 'order-1', 600_000)
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
    const part = party.journal.envelopesOf(contract).map(({ envelope }) => envelope.type)
    expect(part).toContain('dispute-ruling-part')
    expect(party.journal.fill.files[1]?.[0]).toBeLessThan(PIECE_BYTES)
  })

  it('is run again by others, who get the input in pieces from the arbiter that calls them', async () => {
    const { world, node, contract } = await rejected(WORD_COUNTER, AGAIN)
    const { party } = await world.party(KEYS.arbiter, createMemoryEventLog())
    const peers: Did[] = []
    for (const key of [KEYS.rival, KEYS.bank]) {
      const other = await world.seller({ key }, { runner: WORD_COUNTER })
      await other.seller.offer(world.offer(), 'words')
      new Replica({
        party: other.party,
        runner: WORD_COUNTER,
        isOffered: () => true,
        isArbiterNamed: () => true,
      }).start()
      peers.push(key.did)
      await attest(party, key.did, { capability: REPLICA_CAPABILITY, isWithdrawn: false })
    }
    const arbiter = new Arbiter({ party, replicas: { peers: () => peers } })
    arbiter.start()
    arbiter.take(contract)
    await world.until(node, 'order-1', 600_000)
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
    const commits = party.journal.envelopesOf(contract).filter(({ envelope }) => envelope.type === 'replica-reveal')
    expect(commits).toHaveLength(2)
  })
})
