import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { ContractId, Did } from '../../../src/core/evidence/names.ts'
import { Replica } from '../../../src/market/disputes/replica.ts'
import { REPLICA_CAPABILITY } from '../../../src/market/disputes/replicate.ts'
import { Arbiter } from '../../../src/market/parties/arbiter.ts'
import { attest } from '../../../src/market/parties/attestations.ts'
import type { BuyerPolicy } from '../../../src/market/parties/buying/buy-order.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { hashOfBytes } from '../../../src/market/parties/contracts/task-package.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { contractIdOf, termsOfBody } from '../../../src/wire/v1/escrow-terms.ts'
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

const RULED: BuyerPolicy = {
  ...BUYER_POLICY,
  timers: { ...BUYER_POLICY.timers, ruleMs: 400_000 as never },
  arbiters: { members: [KEYS.arbiter.did], k: 1 },
}
/** What the task gives is told by running it again, and by nothing else. */
const PREDICATE = { kind: 're-execution-near', artifact: 'result', run: 'again', tolerance: '0' } as const

const saying = (text: string): TaskRunner => ({
  run: async () => await Promise.resolve({ result: bytesOf(text), counts: new Map() }),
})
const SILENT: TaskRunner = { run: async () => await new Promise<never>(() => undefined) }

type Scene = {
  readonly world: MarketWorld
  readonly node: BuyerNode
  readonly contract: ContractId
  readonly arbiter: Party
}

type Cast = {
  readonly worker: TaskRunner
  readonly replicas: readonly (readonly [FixedKey, TaskRunner])[]
  /** Whom the arbiter knows; default all of them. */
  readonly known?: readonly FixedKey[]
  /** Of the contract; the others offer the work at 1,000. */
  readonly price?: number
  /** Whether those that run it again have named the arbiter for their own contracts. */
  readonly isNamed?: boolean
  /** Default: to the end of the contract. */
  readonly forMs?: number
}

/** A delivery that the payer rejects without a word, and others that offer the same skill. */
async function disputed({ worker, replicas, known, price = 1_000, isNamed = false, forMs }: Cast): Promise<Scene> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, { runner: worker })
  await shop.seller.offer(world.offer({ priceNanos: nanos(price) }), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, { policy: RULED, acceptsAlone: false })
  await node.buyer.buy(wanted({ predicate: PREDICATE, peers: [KEYS.seller.did] }))
  await settle(60)
  await world.time.advance(300)
  const peers: Did[] = []
  for (const [key, runner] of replicas) {
    const other = await world.seller({ key }, { runner })
    await other.seller.offer(world.offer(), 'words')
    const isOffered = (skill: string): boolean => skill === 'text.word-count'
    const isArbiterNamed = (_skill: string, arbiter: Did): boolean => isNamed && arbiter === KEYS.arbiter.did
    new Replica({ party: other.party, runner, isOffered, isArbiterNamed }).start()
    peers.push(key.did)
  }
  const contract = node.buyer.order('order-1')?.contract as ContractId
  const { party } = await world.party(KEYS.arbiter, createMemoryEventLog())
  for (const { did } of known ?? replicas.map(([key]) => key))
    await attest(party, did, { capability: REPLICA_CAPABILITY, isWithdrawn: false })
  const arbiter = new Arbiter({ party, replicas: { peers: () => peers } })
  arbiter.start()
  arbiter.take(contract)
  const body = { reason: 'dislike', evidence: hashOfBytes(bytesOf('none')), concededNanos: nanos(0), currency: USD }
  await node.party.tellNotary(contract, { act: 'reject/lie', type: 'escrow-reject', body })
  if (forMs === undefined) await world.until(node, 'order-1', 600_000)
  else await world.time.advance(forMs)
  return { world, node, contract, arbiter: party }
}

function basisOf({ arbiter, contract }: Scene): unknown {
  const part = arbiter.journal.envelopesOf(contract).find(({ envelope }) => envelope.type === 'dispute-ruling-part')
  return part?.envelope.type === 'dispute-ruling-part' ? part.envelope.body.basis : undefined
}

function typesOf({ arbiter, contract }: Scene): readonly string[] {
  return arbiter.journal.envelopesOf(contract).map(({ envelope }) => envelope.type)
}

const HONEST = [
  [KEYS.rival, WORD_COUNTER],
  [KEYS.bank, WORD_COUNTER],
  [KEYS.feeOwner, WORD_COUNTER],
] as const

describe('a dispute on a task that others can run again', () => {
  it('pays the worker whose result replicas find, each of which committed before any revealed', async () => {
    const scene = await disputed({ worker: WORD_COUNTER, replicas: HONEST })
    expect(await scene.world.view(scene.contract)).toMatchObject({ state: 'FINAL', capturedNanos: '1000' })
    expect(basisOf(scene)).toBe('replication')
    const steps = typesOf(scene).filter((type) => type.startsWith('replica-'))
    const three = (type: string): readonly string[] => Array.from({ length: 3 }, () => type)
    expect(steps).toEqual(['replica-call', ...three('replica-commit'), ...three('replica-reveal')])
    expect(scene.world.failures).toEqual([])
  })

  it('pays a worker nothing whose result they do not find', async () => {
    const scene = await disputed({ worker: saying('{"words":4}'), replicas: HONEST })
    expect(await scene.world.view(scene.contract)).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
    expect(basisOf(scene)).toBe('replication')
  })

  it.each([
    ['two say one thing and one another', [...HONEST.slice(0, 2), [KEYS.feeOwner, saying('{"words":4}')]]],
    ['one alone can be asked', HONEST.slice(0, 1)],
    ['nobody ends in time', HONEST.map(([key]) => [key, SILENT] as const)],
    ['nobody else offers the skill', []],
  ] as readonly (readonly [string, Cast['replicas']])[])('ends by the fallback where %s', async (_, replicas) => {
    const scene = await disputed({ worker: WORD_COUNTER, replicas })
    expect(basisOf(scene)).toBeUndefined()
    const view = await scene.world.view(scene.contract)
    expect(view).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
    expect(view?.transitions.map(({ event }) => event)).not.toContain('ruled')
  })

  it('believes a replica more that was right, and less that was wrong', async () => {
    const right = await disputed({ worker: WORD_COUNTER, replicas: HONEST })
    const scores = right.arbiter.journal.notesOf('replica-score')
    expect(scores.map(([, note]) => note)).toEqual([{ score: 1 }, { score: 1 }, { score: 1 }])
  })

  it('asks nobody that the arbiter does not know, however many keys agree with each other', async () => {
    const replicas = HONEST.map(([key]) => [key, saying('{"words":4}')] as const)
    const scene = await disputed({ worker: saying('{"words":4}'), replicas, known: [] })
    expect(typesOf(scene).filter((type) => type.startsWith('replica-'))).toEqual([])
    expect(await scene.world.view(scene.contract)).toMatchObject({ state: 'FINAL', capturedNanos: '0' })
  })
})

describe('a replica', () => {
  it.each([
    [false, 0],
    [true, 3],
  ])('runs a task that is worth less than it asks for arbiters alone that it has named: %s', async (isNamed, runs) => {
    let ran = 0
    const counting: TaskRunner = { run: async (task, context) => ((ran += 1), await WORD_COUNTER.run(task, context)) }
    const replicas = HONEST.map(([key]) => [key, counting] as const)
    const scene = await disputed({ worker: WORD_COUNTER, replicas, price: 1, isNamed })
    expect(ran).toBe(runs)
    expect(basisOf(scene)).toBe(isNamed ? 'replication' : undefined)
  })

  it('runs nothing for those who do not rule on the contract, nor other tasks, nor beyond its hour', async () => {
    const { world, contract, arbiter, node } = await disputed({
      worker: WORD_COUNTER,
      replicas: [HONEST[0], [KEYS.bank, SILENT], [KEYS.feeOwner, SILENT]],
      forMs: 15_000,
    })
    expect(await world.view(contract)).toMatchObject({ state: 'DISPUTED' })
    const call = arbiter.journal.envelopesOf(contract).find(({ envelope }) => envelope.type === 'replica-call')
    if (call?.envelope.type !== 'replica-call') throw new TypeError('unreachable')
    const now = world.time.clock.now()
    const span = { commitBy: (now + 1_000) as typeof now, revealBy: (now + 2_000) as typeof now }
    const body = { ...call.envelope.body, ...span, round: 7 }
    const { party: stranger } = await world.party(KEYS.secondArbiter, createMemoryEventLog())
    let asked = 0
    const ask = async (asker: Party, changes: Partial<typeof body>, input = 'one two three'): Promise<unknown> => {
      const act = `call/${(asked += 1)}`
      const said = await asker.wallet.say({ act, type: 'replica-call', body: { ...body, ...changes }, aud: '*' })
      const frame = { type: 'replica-wanted', envelope: new TextDecoder().decode(said.bytes) } as const
      const answer = await asker.components.door.ask(KEYS.rival.did, { frame, bytes: bytesOf(input) })
      return answer.frame.type === 'declined' ? answer.frame.code : answer.frame.type
    }
    expect(await ask(stranger, {})).toBe('MARKET_ENVELOPE_REFUSED')
    expect(await ask(arbiter, {}, 'one two')).toBe('MARKET_TASK_WRONG')
    expect(await ask(arbiter, { revealBy: (now + 3_600_001) as typeof now })).toBe('MARKET_LIMIT_PASSED')
    expect(await ask(arbiter, { commitBy: now })).toBe('MARKET_LIMIT_PASSED')
    expect(await ask(arbiter, {})).toBe('said')
    const reveal = { type: 'replica-reveal-wanted', contract, round: 7 } as const
    const peeked = await stranger.components.door.ask(KEYS.rival.did, { frame: reveal })
    expect(peeked.frame).toEqual({ type: 'declined', code: 'MARKET_CONTRACT_UNKNOWN' })
    expect((await arbiter.components.door.ask(KEYS.rival.did, { frame: reveal })).frame.type).toBe('said')
    await world.until(node, 'order-1', 600_000)
    // The arbiter of a contract that the set does not know, or no longer disputes, gets nothing done.
    const later = world.time.clock.now()
    const over = { commitBy: (later + 1_000) as typeof now, revealBy: (later + 2_000) as typeof now, round: 8 }
    expect(await ask(arbiter, over)).toBe('MARKET_CONTRACT_UNKNOWN')
    const terms = { ...body.terms, salt: 'AAAAAAAAAAAAAAAAAAAAAA' as typeof body.terms.salt }
    const invented = { ...over, terms, contract: contractIdOf(termsOfBody(terms)) }
    expect(await ask(arbiter, invented)).toBe('MARKET_CONTRACT_UNKNOWN')
  })
})
