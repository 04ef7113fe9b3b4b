import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { durationFromMs } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { CONTRACTS, type ContractNote } from '../../../src/market/parties/contracts/contract-notes.ts'
import { readArtifact } from '../../../src/market/parties/artifacts/artifact-files.ts'
import type { MarketAnswer, MarketHandlers } from '../../../src/market/parties/market-door.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { showCases } from '../../../src/market/parties/show-case.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { PIECE_BYTES } from '../../../src/wire/v1/piece-list.ts'
import { type BuyerNode, MarketWorld, type SellerNode, wanted } from '../parties/market-world.ts'
import { ANY_SIZE, bytesOfLength, ECHO, LARGE_POLICY } from './artifact-kit.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'

/** Five pieces, the last of them short. */
const LARGE = bytesOfLength(4 * PIECE_BYTES + 1_000)
const PIECES = 5

const REQUEST = wanted({
  input: LARGE,
  predicate: ANY_SIZE,
})
const OFFER = { inputBytesMax: 10_000_000 }

type Shown = { readonly by: 'buyer' | 'seller'; readonly hash: Hash }
type Answer = (shown: Shown, answer: () => Promise<MarketAnswer>) => Promise<MarketAnswer>

/** One world in which every question for a file is seen, and may be answered otherwise. */
class Scene {
  readonly logs = { buyer: createMemoryEventLog(), seller: createMemoryEventLog() }
  readonly asked: Shown[] = []
  answer: Answer = async (_shown, answer) => await answer()
  world!: MarketWorld
  shop!: SellerNode
  node!: BuyerNode

  static async open(runner: TaskRunner = ECHO): Promise<Scene> {
    const scene = new Scene()
    scene.world = await MarketWorld.create()
    await scene.openShop(runner)
    await scene.openBuyer()
    return scene
  }

  async openShop(runner: TaskRunner = ECHO): Promise<void> {
    this.shop = await this.world.seller(
      { key: KEYS.seller, log: shared(this.logs.seller) },
      { runner, policy: LARGE_POLICY },
    )
    this.watch(this.shop.party, 'seller')
    await this.shop.seller.offer(this.world.offer(OFFER), 'large')
  }

  async openBuyer(): Promise<void> {
    this.node = await this.world.buyer({ key: KEYS.buyer, log: shared(this.logs.buyer) })
    this.watch(this.node.party, 'buyer')
  }

  async finish(): Promise<void> {
    const order = await this.world.until(this.node, 'order-1')
    expect(order.failed).toBeUndefined()
    expect((await this.world.view(order.contract))?.state).toBe('FINAL')
  }

  get note(): ContractNote | undefined {
    const contract = this.node.buyer.order('order-1')?.contract
    return contract === undefined ? undefined : this.node.party.noteOf<ContractNote>(CONTRACTS, contract)
  }

  /** Files that were asked for by name, with how often each was. */
  counts(by: Shown['by']): readonly number[] {
    const counted = new Map<Hash, number>()
    for (const shown of this.asked) if (shown.by === by) counted.set(shown.hash, (counted.get(shown.hash) ?? 0) + 1)
    return [...counted.values()]
  }

  private watch(party: Party, by: Shown['by']): void {
    const handlers = (party.components.door as unknown as { handlers: Map<string, unknown> }).handlers
    const own = showCases(party)['file-wanted']
    handlers.set('file-wanted', async (question: Parameters<NonNullable<MarketHandlers['file-wanted']>>[0]) => {
      const shown = { by, hash: question.frame.hash }
      this.asked.push(shown)
      return await this.answer(shown, async () => (await own?.(question)) ?? { frame: { type: 'taken' } })
    })
  }
}

/** A journal that outlives the party that closes it. */
function shared(log: EventLog): EventLog {
  return new Proxy(log, {
    get: (target, name) => {
      if (name === 'close') return async () => undefined
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

describe('an input and a result that do not fit one frame', () => {
  it('go over in pieces, each asked for once, and nothing else is asked', async () => {
    const scene = await Scene.open()
    await scene.node.buyer.buy(REQUEST)
    await scene.finish()
    expect(scene.counts('buyer')).toEqual(Array.from({ length: PIECES }, () => 1))
    expect(scene.counts('seller')).toEqual(Array.from({ length: PIECES }, () => 1))
    // The worker keeps what it has made, and nothing of what it was given.
    await settle(20)
    expect(scene.shop.party.journal.filesOf(`input/${scene.node.buyer.order('order-1')?.contract}`)).toEqual([])
    const name = { hash: scene.note?.result as Hash, sizeBytes: LARGE.length }
    const result = await readArtifact(scene.node.party.journal, name)
    expect(result?.[0]).toBe((LARGE[0] ?? 0) ^ 255)
    expect(Buffer.from(result?.subarray(1) ?? []).equals(Buffer.from(LARGE.subarray(1)))).toBe(true)
  })

  it('go over before the signature where the worker would lose a penalty', async () => {
    const scene = await Scene.open()
    await scene.node.buyer.buy({ ...REQUEST, custody: 'C3' })
    await scene.finish()
    expect(scene.counts('buyer')).toEqual(Array.from({ length: PIECES }, () => 1))
    expect(scene.shop.party.journal.notesOf('unsigned-input').length).toBeLessThanOrEqual(1)
  })

  it('cost nothing more where they are small: nobody asks for a file', async () => {
    const scene = await Scene.open()
    await scene.node.buyer.buy({ ...REQUEST, input: new TextEncoder().encode('small') })
    await scene.finish()
    expect(scene.asked).toEqual([])
  })
})

describe('a transfer', () => {
  it('asks again for a piece that was lost, and for that one alone', async () => {
    const scene = await Scene.open()
    let isLost = false
    scene.answer = async ({ by }, answer) => {
      if (by === 'seller' && !isLost) {
        isLost = true
        return await new Promise<never>(() => undefined)
      }
      return await answer()
    }
    // Whoever is silent is waited for half a minute.
    await scene.node.buyer.buy({ ...REQUEST, timers: { acceptMs: durationFromMs(300_000) } })
    await scene.finish()
    expect(scene.counts('seller').toSorted((one, other) => one - other)).toEqual([1, 1, 1, 1, 2])
  })

  it('goes on when the connection is there again, with the pieces that had not come', async () => {
    const scene = await Scene.open()
    const given: Hash[] = []
    let [inFlight, broken] = [0, 0]
    scene.answer = async ({ by, hash }, answer) => {
      if (by === 'seller' && inFlight >= 2 && broken < 9) {
        broken += 1
        throw new CodedError('NETWORK_UNREACHABLE', { message: 'The cable is out' })
      }
      if (by === 'seller') inFlight += 1
      const { frame, bytes } = await answer()
      if (by === 'seller') given.push(hash)
      return { frame, ...(bytes && { bytes }) }
    }
    await scene.node.buyer.buy(REQUEST)
    await scene.finish()
    expect(broken).toBe(9)
    expect([given.length, new Set(given).size]).toEqual([PIECES, PIECES])
  })

  it('keeps no piece that is another one, and the contract is rejected where no right one comes', async () => {
    const scene = await Scene.open()
    const { journal } = scene.node.party
    scene.answer = async ({ by, hash }, answer) => {
      const given = await answer()
      if (by === 'buyer' || given.bytes === undefined) return given
      return { frame: { type: 'file', hash }, bytes: given.bytes.map((byte) => byte ^ 1) }
    }
    await scene.node.buyer.buy(REQUEST)
    const order = await scene.world.until(scene.node, 'order-1')
    const steps = (await scene.world.view(order.contract))?.transitions.map(({ event }) => event)
    expect(steps).toContain('rejected')
    const contract = order.contract ?? ''
    // The list, and what the payer wrote itself.
    const sizes = await Promise.all(journal.filesOf(contract).map(async (hash) => (await journal.file(hash))?.length))
    expect(sizes.every((size) => (size ?? 0) < PIECE_BYTES)).toBe(true)
    expect(journal.note('decliner', KEYS.seller.did)).toMatchObject({ isLetDown: true })
  })

  it.each(['buyer', 'seller'] as const)(
    'of the input goes on where it was when the %s ends in the middle of it, and fetches no piece twice',
    async (who) => {
      const scene = await Scene.open()
      const stopped = cutAfter(scene, { by: 'buyer', pieces: 2 })
      await scene.node.buyer.buy(REQUEST)
      await reach(scene, stopped)
      await restart(scene, who)
      await scene.finish()
      expect(scene.counts('buyer').length).toBe(PIECES)
      expect(answered(scene, stopped)).toBe(PIECES)
    },
  )

  it.each(['buyer', 'seller'] as const)(
    'of the result goes on where it was when the %s ends in the middle of it, and fetches no piece twice',
    async (who) => {
      const scene = await Scene.open()
      const stopped = cutAfter(scene, { by: 'seller', pieces: 2 })
      await scene.node.buyer.buy(REQUEST)
      await reach(scene, stopped)
      await restart(scene, who)
      await scene.finish()
      expect(answered(scene, stopped)).toBe(PIECES)
    },
  )
})

type Cut = { isReached: boolean; given: Hash[]; isOpen: boolean }

/** From the third piece on nothing is answered, until somebody opens it again. */
function cutAfter(scene: Scene, { by, pieces }: { readonly by: Shown['by']; readonly pieces: number }): Cut {
  const cut: Cut = { isReached: false, given: [], isOpen: false }
  scene.answer = async (shown, answer) => {
    if (shown.by !== by) return await answer()
    if (!cut.isOpen && cut.given.length >= pieces) {
      cut.isReached = true
      return await new Promise<never>(() => undefined)
    }
    const given = await answer()
    if (given.bytes !== undefined) cut.given.push(shown.hash)
    return given
  }
  return cut
}

/** Pieces that were given, each counted as often as it was. */
function answered(_scene: Scene, cut: Cut): number {
  expect(new Set(cut.given).size).toBe(cut.given.length)
  return cut.given.length
}

async function reach({ world }: Scene, cut: Cut): Promise<void> {
  for (let rounds = 0; rounds < 100 && !cut.isReached; rounds += 1) {
    await settle(4)
    if (!cut.isReached) await world.time.advance(50)
  }
  expect(cut.isReached).toBe(true)
  // What is under way is written.
  await settle(20)
  cut.isOpen = true
}

async function restart(scene: Scene, who: 'buyer' | 'seller'): Promise<void> {
  await scene.world.leave(who === 'buyer' ? scene.node : scene.shop)
  if (who === 'buyer') await scene.openBuyer()
  else await scene.openShop()
}
