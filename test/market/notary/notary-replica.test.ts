import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { formatBooksState } from '../../../src/core/books/books-codec.ts'
import { GENESIS } from '../../../src/core/notary/block.ts'
import { CATCH_UP_MAX } from '../../../src/core/notary/notary-state.ts'
import { refuseCertificate } from '../../../src/core/notary/certificate.ts'
import { checkDoubleVote } from '../../../src/core/notary/double-vote.ts'
import { bytesOfVote, type VotePhase, type VoteStatement } from '../../../src/core/notary/statement.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { decodeRecord } from '../../../src/market/notary/set/replica-record.ts'
import { PLACES_PER_MEMBER } from '../../../src/market/notary/set/seen-votes.ts'
import type { NotaryFrame } from '../../../src/wire/v1/notary-messages.ts'
import { signAs, verify } from '../../core/notary/notary-fixtures.ts'
import { didOf } from '../../torture/notary-world.ts'
import { type Seat, SeatWorld } from './notary-seats.ts'
import { tick } from './settlement-messages.ts'

async function worldOf(f: number, batchMax = 8): Promise<SeatWorld> {
  const world = new SeatWorld({ f, input: { batchMax } })
  await world.start()
  return world
}

const slotsOf = (world: SeatWorld): readonly number[] => world.seats.map(({ slot }) => slot)
const statesOf = (world: SeatWorld): ReadonlySet<string> =>
  new Set(world.seats.map(({ application }) => formatBooksState(application.books)))

function seatOf(world: SeatWorld, index: number): Seat {
  const seat = world.seats[index]
  if (seat === undefined) throw new TypeError('no seat')
  return seat
}

describe('notaries over their disks', () => {
  test('give certificates that a client accepts, all of them the same log', async () => {
    const world = await worldOf(1)
    world.submit(tick(1), tick(2), tick(3))
    await world.pass(50)
    expect(statesOf(world).size).toBe(1)
    for (const { certificates, failures } of world.seats) {
      expect(failures).toEqual([])
      expect(certificates).toHaveLength(3)
      expect(certificates.map((one) => refuseCertificate(world.set, one, verify))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }
  })

  test('go on without the leader, and bring it back up to date from its journal', async () => {
    const world = await worldOf(1)
    world.submit(tick(1))
    await world.pass(30)
    await seatOf(world, 0).stop()
    world.submit(tick(2))
    await world.pass(600)
    expect(world.seats.map(({ certificates }) => certificates.length)).toEqual([1, 2, 2, 2])
    await seatOf(world, 0).start()
    await world.pass(200)
    world.submit(tick(3))
    await world.pass(1_500)
    expect(statesOf(world).size).toBe(1)
    expect(world.seats.map(({ certificates }) => certificates.length)).toEqual([4, 3, 3, 3])
    expect(world.seats.flatMap(({ failures }) => failures)).toEqual([])
  })

  test('of one signs behind its journal and its high-water file, and sends nothing', async () => {
    const world = await worldOf(0)
    world.submit(tick(1))
    await world.pass(5)
    const { certificates, trace, highWater } = seatOf(world, 0)
    expect(certificates).toHaveLength(1)
    expect(trace).toEqual(['append', 'high-water', 'append', 'append', 'high-water', 'sign', 'append'])
    expect(trace).not.toContain('send')
    expect(highWater?.position).toEqual({ phase: 'commit', view: 0, slot: 1 })
  })

  test.each([0, 1])(
    'are after a crash between high water and signature as if there had been none (f = %i)',
    async (f) => {
      const world = await worldOf(f)
      world.submit(tick(1))
      await world.pass(30)
      for (const seat of world.seats) seat.diesAtSigning = true
      world.submit(tick(2))
      await world.pass(30)
      expect(seatOf(world, 0).failures).toHaveLength(1)
      for (const seat of world.seats) {
        const before = seat.replica?.state.cast
        seat.diesAtSigning = false
        await seat.stop()
        await seat.start()
        expect(seat.replica?.state.cast).toEqual(before)
      }
      await world.pass(1_500)
      expect(slotsOf(world)).toEqual(world.seats.map(() => 2))
      expect(world.doubles).toEqual([])
    },
  )

  test('never hand out anything before the journal and the high-water file have it', async () => {
    const world = await worldOf(1)
    world.submit(tick(1), tick(2))
    await world.pass(50)
    for (const { trace } of world.seats) {
      const first = trace.indexOf('sign')
      expect(trace.slice(0, first)).toContain('append')
      expect(trace.slice(0, first)).toContain('high-water')
    }
  })

  test('drop frames that are of another set or wrongly signed', async () => {
    const world = await worldOf(1)
    const { replica } = seatOf(world, 2)
    const vote = { phase: 'prepare', view: 0, slot: 1, block: GENESIS, member: 1, signature: 'wrong' } as const
    expect(replica?.receive(1, { type: 'notary-vote', set: world.set.id, vote })).toBe(false)
    expect(replica?.receive(1, { type: 'notary-ask', set: GENESIS, slot: 1 })).toBe(false)
    expect(replica?.receive(9, { type: 'notary-ask', set: world.set.id, slot: 1 })).toBe(false)
  })

  test('sign nothing while their grants are out of date', async () => {
    const world = await worldOf(1)
    world.submit(tick(1))
    await world.pass(30)
    world.route = (from, to) => (from === 3 || to === 3 ? [] : [1])
    await world.pass(100)
    const seat = seatOf(world, 3)
    const before = seat.signatures
    seat.replica?.submit([tick(2)])
    await world.pass(800)
    expect(seat.signatures).toBe(before)
    world.route = () => [1]
    world.submit(tick(2))
    await world.pass(800)
    expect(statesOf(world).size).toBe(1)
    expect(seat.slot).toBeGreaterThan(1)
  })
})

describe('a member that asks without end', () => {
  test('is sent every decision once, and once more when it may have been lost', async () => {
    const world = await worldOf(1)
    for (let at = 1; at <= 20; at += 1) {
      world.submit(tick(at))
      await world.pass(20)
    }
    await world.pass(1_000)
    let sent = 0
    const helper = seatOf(world, 2)
    helper.withholds = (frame, to) => {
      if (frame.type === 'notary-decision' && to === 3) sent += 1
      return false
    }
    for (let count = 0; count < 200; count += 1)
      helper.replica?.receive(3, { type: 'notary-ask', set: world.set.id, slot: 1 + (count % 20) })
    await world.pass(5)
    const kept = sent
    expect(kept).toBeGreaterThan(10)
    expect(kept).toBeLessThanOrEqual(20)
    await world.pass(2_000)
    expect(sent).toBeGreaterThan(kept)
    expect(sent).toBeLessThanOrEqual(40)
  })
})

describe('a member that votes twice', () => {
  const voteOf = (world: SeatWorld, member: number, statement: VoteStatement): NotaryFrame => {
    const signature = signAs(didOf(member), bytesOfVote(world.set, statement))
    return { type: 'notary-vote', set: world.set.id, vote: { ...statement, member, signature } }
  }
  const OTHER = sha256Hex('another block') as Hash
  const inView = (slot: number, phase: VotePhase, block = OTHER): VoteStatement => ({ phase, view: 0, slot, block })

  /** Who was convicted at a seat, as somebody sees it who has the proofs alone. */
  const convictedAt = (world: SeatWorld, index: number): readonly unknown[] =>
    seatOf(world, index).doubleVotes.map((proof) => checkDoubleVote(world.set, proof, verify))

  test.each(['prepare', 'commit'] as const)(
    'to %s one block and another is proven, in a slot that nobody has proposed for',
    async (phase) => {
      const world = await worldOf(1)
      const { replica } = seatOf(world, 2)
      replica?.receive(1, voteOf(world, 1, inView(1, phase)))
      expect(convictedAt(world, 2)).toEqual([])
      replica?.receive(1, voteOf(world, 1, inView(1, phase, GENESIS)))
      expect(convictedAt(world, 2)).toEqual([{ kind: 'proven', members: [1] }])
    },
  )

  test.each(['prepare', 'commit'] as const)('to %s is proven when the slot is long decided', async (phase) => {
    const world = await worldOf(1)
    world.submit(tick(1))
    await world.pass(50)
    world.submit(tick(2))
    await world.pass(50)
    expect(slotsOf(world)).toEqual([2, 2, 2, 2])
    seatOf(world, 2).replica?.receive(1, voteOf(world, 1, inView(1, phase)))
    expect(convictedAt(world, 2)).toEqual([{ kind: 'proven', members: [1] }])
    expect(convictedAt(world, 3)).toEqual([])
  })

  test('is proven by a certificate in which it stands, where its vote itself was never heard', async () => {
    const world = await worldOf(1)
    const late = seatOf(world, 3)
    await late.stop()
    world.submit(tick(1))
    await world.pass(50)
    await late.start()
    await world.pass(200)
    world.submit(tick(2))
    await world.pass(600)
    expect(slotsOf(world)).toEqual([2, 2, 2, 2])
    for (const member of [0, 1, 2]) late.replica?.receive(member, voteOf(world, member, inView(1, 'commit')))
    expect(convictedAt(world, 3)).toEqual([0, 1, 2].map((member) => ({ kind: 'proven', members: [member] })))
  })

  test('is not proven by two views, two slots or two phases', async () => {
    const world = await worldOf(1)
    const { replica } = seatOf(world, 2)
    const first = inView(1, 'prepare')
    for (const statement of [first, { ...first, view: 1, block: GENESIS }, inView(2, 'prepare', GENESIS), first]) {
      replica?.receive(1, voteOf(world, 1, statement))
    }
    replica?.receive(1, voteOf(world, 1, inView(1, 'commit', GENESIS)))
    expect(seatOf(world, 2).doubleVotes).toEqual([])
  })

  test('has its own votes forgotten by more of them, and those of nobody else', async () => {
    const world = await worldOf(1)
    const { replica } = seatOf(world, 2)
    for (const member of [0, 1]) replica?.receive(member, voteOf(world, member, inView(1, 'commit')))
    for (let slot = 2; slot <= 1 + PLACES_PER_MEMBER; slot += 1) {
      replica?.receive(1, voteOf(world, 1, inView(slot, 'commit')))
    }
    for (const member of [0, 1]) replica?.receive(member, voteOf(world, member, inView(1, 'commit', GENESIS)))
    expect(convictedAt(world, 2)).toEqual([{ kind: 'proven', members: [0] }])
  })
})

describe('bodies of messages', () => {
  test('that only the leader has are fetched before the vote, and journaled before it', async () => {
    const world = await worldOf(1)
    seatOf(world, 0).replica?.submit([tick(1), tick(2)])
    await world.pass(30)
    expect(slotsOf(world)).toEqual([1, 1, 1, 1])
    const seat = seatOf(world, 2)
    const types: string[] = []
    for await (const { index, payload } of seat.log.read(0)) {
      const record = decodeRecord(payload, index)
      types.push(record.type === 'vote-received' && record.vote.member === 2 ? 'own vote' : record.type)
    }
    expect(types.indexOf('bodies-received')).toBeGreaterThan(0)
    expect(types.indexOf('bodies-received')).toBeLessThan(types.indexOf('block-executed'))
    expect(types.indexOf('block-executed')).toBeLessThan(types.indexOf('own vote'))
  })

  test('that the leader withholds cost it its view', async () => {
    const world = await worldOf(1)
    const leader = seatOf(world, 0)
    leader.withholds = (frame: NotaryFrame) => frame.type === 'notary-bodies'
    leader.replica?.submit([tick(1)])
    await world.pass(20)
    for (const seat of world.seats.slice(1)) seat.replica?.submit([tick(2)])
    await world.pass(1_500)
    for (const { replica, certificates } of world.seats.slice(1)) {
      expect(replica?.state.view).toBeGreaterThan(0)
      expect(certificates.map(({ message }) => message)).toContain(tick(2).message)
      expect(certificates.map(({ message }) => message)).not.toContain(tick(1).message)
    }
  })

  test('are had from others where the leader answers nobody', async () => {
    const world = await worldOf(1)
    seatOf(world, 0).withholds = (frame: NotaryFrame, to: number) => frame.type === 'notary-bodies' && to !== 1
    seatOf(world, 0).replica?.submit([tick(1)])
    await world.pass(400)
    expect(slotsOf(world)).toEqual([1, 1, 1, 1])
  })

  test('of decided blocks are fetched by a member that was away', async () => {
    const world = await worldOf(1)
    await seatOf(world, 3).stop()
    for (let count = 0; count < 5; count += 1) {
      world.submit(tick(count))
      await world.pass(20)
    }
    await seatOf(world, 3).start()
    await world.pass(100)
    world.submit(tick(9))
    await world.pass(300)
    expect(statesOf(world).size).toBe(1)
    expect(seatOf(world, 3).slot).toBe(seatOf(world, 0).slot)
  })

  test('of all decided blocks are asked for together, and of the next member where one is silent', async () => {
    const world = await worldOf(1)
    const seat = seatOf(world, 3)
    await seat.stop()
    const blocks = 60
    for (let count = 0; count < blocks; count += 1) {
      world.submit(tick(count))
      await world.pass(20)
    }
    const asks: { readonly to: number; readonly messages: readonly string[] }[] = []
    seat.withholds = (frame, to) => {
      if (frame.type === 'notary-bodies-ask') asks.push({ to, messages: frame.messages })
      return false
    }
    // Whoever leads, and is asked first, says nothing more.
    const leader = seatOf(world, 0)
    leader.withholds = (frame, to) => frame.type === 'notary-bodies' && to === 3
    await seat.start()
    await world.pass(100)
    world.submit(tick(99))
    expect(await world.passUntil(() => seat.slot > blocks)).toBe(true)
    expect(asks.filter(({ to }) => to === 0).length).toBeGreaterThan(0)
    expect(asks.length).toBeLessThan(blocks / 3)
    expect(Math.max(...asks.map(({ messages }) => messages.length))).toBeGreaterThan(CATCH_UP_MAX / 2)
  })
})

describe('a member that is further behind than decisions are kept', { timeout: 60_000 }, () => {
  const SLOTS = 1_300

  async function longAbsence(): Promise<SeatWorld> {
    const world = await worldOf(1)
    await seatOf(world, 3).stop()
    for (let count = 0; seatOf(world, 0).slot < SLOTS; count += 1) {
      world.submit(tick(count % 900))
      await world.pass(6)
    }
    return world
  }

  test('takes over a certified state, past a liar and through a crash', async () => {
    const world = await longAbsence()
    const seat = seatOf(world, 3)
    // Member 0 offers another text for the same root.
    const liar = seatOf(world, 0)
    const { application } = liar
    const copyOf = application.copyOf.bind(application)
    application.copyOf = (asked) => {
      const copy = copyOf(asked)
      return copy && { ...copy, text: copy.text.replace('"open', '"opem') + ' ' }
    }
    const pieces: number[] = []
    for (const peer of world.seats.slice(0, 3)) {
      peer.withholds = (frame, to) => {
        if (frame.type === 'notary-chunk' && to === 3) pieces.push(peer.index)
        // The first piece of an honest member is followed by a crash.
        return frame.type === 'notary-decision' && to === 3 && frame.decision.block.slot < 200
      }
    }
    await seat.start()
    await world.pass(60)
    world.submit(tick(901))
    await world.passUntil(() => pieces.length > 0)
    await seat.stop()
    await world.pass(200)
    await seat.start()
    await world.pass(60)
    for (let count = 0; count < 20 && seat.slot < 1_000; count += 1) {
      world.submit(tick(902 + count))
      await world.pass(200)
    }
    expect(seat.disk.installed?.decision.block.slot).toBe(1_280)
    // The liar was asked, and somebody else behind it.
    expect(new Set(pieces).size).toBeGreaterThan(1)
    expect(pieces).toContain(0)
    expect(await world.passUntil(() => seat.slot >= seatOf(world, 1).slot)).toBe(true)
    expect(statesOf(world).size).toBe(1)
    expect(seat.failures).toEqual([])
    world.submit(tick(990))
    const before = seat.signatures
    await world.pass(200)
    expect(seat.signatures).toBeGreaterThan(before)
    expect(world.doubles).toEqual([])
  })
})
