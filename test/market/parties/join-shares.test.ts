import { describe, expect, it } from 'vitest'
import type { Did } from '../../../src/core/evidence/names.ts'
import {
  type JoinedCall,
  JOINS_OF_BLOCK,
  JOINS_OF_CALLER,
  JOINS_OF_PROVEN,
  JOINS_OF_STRANGERS,
  JOINS_OF_TELLER,
  JoinShares,
} from '../../../src/market/parties/auctions/join-shares.ts'

const named = (name: string): Did => `did:key:${name}` as Did
const FLOOD = '192.0.2.0/24'
const HONEST = '198.51.100.0/24'

let fresh = 0

/** A call under a key that nobody has seen before. */
function callOf(changes: Partial<JoinedCall> = {}): JoinedCall {
  fresh += 1
  return { auctioneer: named(`key-${fresh}`), node: named(`node-${fresh}`), tellerBlock: FLOOD, ...changes }
}

class Scene {
  nowMs = 0
  readonly shares = new JoinShares(() => this.nowMs)

  /** Follows calls and is done with each at once. @returns How many it followed. */
  followed(calls: readonly JoinedCall[]): number {
    return calls.filter((call) => {
      const end = this.shares.take(call)
      end?.()
      return end !== undefined
    }).length
  }

  /** The same, and no node answers. @returns How many are followed at one time. */
  stuck(calls: readonly JoinedCall[]): number {
    return calls.filter((call) => this.shares.take(call) !== undefined).length
  }
}

const many = (count: number, make: (index: number) => JoinedCall): readonly JoinedCall[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe('a flood of calls', () => {
  it('under keys without end from one block of neighbours takes the share of one block', () => {
    const scene = new Scene()
    expect(scene.followed(many(100, () => callOf()))).toBe(JOINS_OF_TELLER.rate.burst)
    expect(scene.followed([callOf({ tellerBlock: HONEST })])).toBe(1)
    scene.nowMs += 8_000
    expect(scene.followed(many(100, () => callOf()))).toBe(8 * JOINS_OF_TELLER.rate.perSecond)
    expect(scene.followed([callOf({ tellerBlock: HONEST })])).toBe(1)
  })

  it('at addresses where nobody answers takes the places of one block', () => {
    const scene = new Scene()
    expect(scene.stuck(many(100, () => callOf()))).toBe(JOINS_OF_TELLER.atOnceMax)
    expect(scene.stuck([callOf({ tellerBlock: HONEST })])).toBe(1)
  })

  it('of one caller takes the share of one caller, whoever passes it on, and leaves its neighbours theirs', () => {
    const scene = new Scene()
    const auctioneer = named('caller')
    expect(scene.followed(many(100, () => callOf({ auctioneer })))).toBe(JOINS_OF_CALLER.rate.burst)
    expect(scene.followed(many(100, (index) => callOf({ auctioneer, tellerBlock: `${index}` })))).toBe(0)
    expect(scene.followed([callOf()])).toBe(1)
    expect(new Scene().stuck(many(100, () => callOf({ auctioneer })))).toBe(JOINS_OF_CALLER.atOnceMax)
  })

  it('from blocks without end takes nothing of callers that are known', () => {
    const scene = new Scene()
    const known = callOf({ tellerBlock: HONEST })
    scene.shares.prove(known.auctioneer, { node: known.node, block: HONEST })
    const flood = many(200, (index) => callOf({ tellerBlock: `${index}` }))
    expect(scene.followed(flood)).toBe(JOINS_OF_STRANGERS.rate.burst)
    expect(scene.followed([callOf({ tellerBlock: 'one more' })])).toBe(0)
    // By the same neighbour as the flood, too.
    expect(scene.followed([{ ...known, tellerBlock: '1' }])).toBe(1)
  })

  it('of callers that are known takes the share of their block, and nothing of strangers and of others that are known', () => {
    const scene = new Scene()
    const flood = many(100, () => callOf())
    for (const { auctioneer, node } of flood) scene.shares.prove(auctioneer, { node, block: FLOOD })
    const known = callOf()
    scene.shares.prove(known.auctioneer, { node: known.node, block: HONEST })
    expect(scene.followed(flood)).toBe(JOINS_OF_BLOCK.rate.burst)
    expect(scene.followed([known, callOf()])).toBe(2)
    const wide = new Scene()
    for (const [index, { auctioneer, node }] of flood.entries())
      wide.shares.prove(auctioneer, { node, block: `${index}` })
    expect(wide.followed(flood)).toBe(JOINS_OF_PROVEN.rate.burst)
  })
})

describe('a caller that is known', () => {
  it('is a stranger at another node than its own, and when it was not found again', () => {
    const scene = new Scene()
    const [honest, thief] = [callOf(), callOf()]
    scene.shares.prove(honest.auctioneer, { node: honest.node, block: HONEST })
    scene.followed(many(100, () => callOf()))
    expect(
      scene.followed([
        { ...thief, node: honest.node },
        { ...honest, node: thief.node },
      ]),
    ).toBe(0)
    expect(scene.followed([honest])).toBe(1)
    scene.shares.disprove(honest.auctioneer)
    expect(scene.followed([honest])).toBe(0)
  })
})

describe('a call that finds no room', () => {
  it('takes nothing from anybody', () => {
    const scene = new Scene()
    const auctioneer = named('often')
    scene.followed(many(JOINS_OF_CALLER.rate.burst, () => callOf({ auctioneer, tellerBlock: HONEST })))
    // Its own share is used up, so that of the block is not touched.
    scene.followed(many(50, () => callOf({ auctioneer })))
    expect(scene.followed(many(100, () => callOf()))).toBe(JOINS_OF_TELLER.rate.burst)
  })
})
