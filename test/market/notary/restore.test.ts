import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractOf } from '../../../src/core/books/books-machine.ts'
import { formatBooksState } from '../../../src/core/books/books-codec.ts'
import { GENESIS } from '../../../src/core/notary/block.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { refuseCertificate } from '../../../src/core/notary/certificate.ts'
import { refuseEpochChange } from '../../../src/core/notary/epoch-change.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import { bumpEpoch, confirmRestored } from '../../../src/market/notary/set/confirm-restored.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createBackup } from '../../../src/storage/backup/write-backup.ts'
import { RESTORED_FILE, restoreBackup } from '../../../src/storage/backup/restore-backup.ts'
import { openDataDirectory } from '../../../src/storage/data-directory.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { signAs, verify } from '../../core/notary/notary-fixtures.ts'
import { didOf, setOf } from '../../torture/notary-world.ts'
import { LEASE_MS, Seat, SeatWorld } from './notary-seats.ts'
import { CONTRACT, SETTLEMENT, tick } from './settlement-messages.ts'

const PASSPHRASE = 'twelve letters and more'
const COMPONENTS = {
  fileSystem: createNodeFileSystem(),
  random: createSystemRandom(),
}
let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'notary-restore-'))))
afterAll(async () => await rm(folder, { recursive: true, force: true }))

function nextSet(members: NotarySet['members'], f: number): NotarySet {
  const made = createNotarySet({ epoch: 1, members, f })
  if (made.kind !== 'set') throw new TypeError(made.code)
  return made.set
}

async function recordsOf(log: EventLog): Promise<readonly Uint8Array[]> {
  const records: Uint8Array[] = []
  for await (const { payload } of log.read(0)) records.push(payload)
  return records
}

/** The journal through a real directory, its backup and what is restored from that. */
async function restored(records: readonly Uint8Array[], name: string): Promise<EventLog> {
  const directory = await openDataDirectory(COMPONENTS, { path: join(folder, name) })
  const journal = await directory.openEventLog('notary-0')
  if (records.length > 0) await journal.append(records)
  const times = { createdAt: '2030-01-01T00:00:00Z', restoredAt: '2030-01-02T00:00:00Z' }
  const bytes = await createBackup(directory, {
    passphrase: PASSPHRASE,
    program: '0.0.0',
    createdAt: times.createdAt,
    scryptWorkFactor: 1,
  })
  const path = join(folder, `${name}-restored`)
  await restoreBackup(COMPONENTS, { path, passphrase: PASSPHRASE, restoredAt: times.restoredAt }, bytes)
  await directory.close()
  expect(await COMPONENTS.fileSystem.exists(join(path, RESTORED_FILE))).toBe(true)
  const again = await openDataDirectory(COMPONENTS, { path })
  const log = createMemoryEventLog()
  const copies = await recordsOf(await again.openEventLog('notary-0'))
  if (copies.length > 0) await log.append(copies)
  await again.close()
  return log
}

/** Gives messages one after the other, each as soon as all of these seats have the one before. */
async function settle(world: SeatWorld, from: number, to: number, seats = world.seats): Promise<void> {
  for (const [index, message] of SETTLEMENT.entries()) {
    if (index < from || index >= to) continue
    world.submit(message)
    const has = ({ certificates }: Seat): boolean => certificates.some((one) => one.message === message.message)
    expect(await world.passUntil(() => seats.every(has)), `step ${index}: ${describeSeats(world)}`).toBe(true)
  }
}

function describeSeats(world: SeatWorld): string {
  return world.seats
    .map(({ index, replica, slot, failures }) => {
      const { state } = replica ?? {}
      return `${index}: ${replica?.standing} view ${state?.view} head ${state?.head.slot} ${state?.work.kind} floor ${state?.floor?.slot} applied ${slot} ${String(failures)}`
    })
    .join('; ')
}

/** Lets the contract end by its last timer. */
async function finish(world: SeatWorld): Promise<void> {
  const isOver = ({ application }: Seat): boolean =>
    (contractOf(application.books, CONTRACT)?.kind ?? 'FINAL') === 'FINAL'
  for (let count = 0; count < 12 && !world.seats.every(isOver); count += 1) {
    await world.pass(400)
    world.submit(tick(count))
    await world.pass(200)
  }
  expect(world.seats.map(isOver), describeSeats(world)).toEqual(world.seats.map(() => true))
}

function expectSound(world: SeatWorld): void {
  expect(world.doubles).toEqual([])
  const slot = Math.min(...world.seats.map((seat) => seat.slot))
  expect(slot).toBeGreaterThan(SETTLEMENT.length - 1)
  const [first] = world.seats
  for (const { certificates, application } of world.seats) {
    expect(
      certificates.map((one) => refuseCertificate(world.set, one, verify)).filter((code) => code !== undefined),
    ).toEqual([])
    if (application.slot === first?.application.slot) {
      expect(formatBooksState(application.books)).toBe(formatBooksState(first.application.books))
    }
  }
}

async function replace(world: SeatWorld, seat: Seat): Promise<void> {
  await world.seats[seat.index]?.stop()
  world.seats[seat.index] = seat
  await seat.start()
}

describe('a member that is put back from a backup taken before a step of a settlement', () => {
  const backups: (readonly Uint8Array[])[] = []

  beforeAll(async () => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    for (const index of SETTLEMENT.keys()) {
      backups.push(await recordsOf(world.seats[0]?.log ?? createMemoryEventLog()))
      await settle(world, index, index + 1)
    }
  })

  test.each([...SETTLEMENT.keys()])(
    'signs nothing twice, catches up, and the contract ends (step %i)',
    async (step) => {
      const world = new SeatWorld({ f: 1 })
      await world.start()
      const after = Math.min(step + 2, SETTLEMENT.length)
      await settle(world, 0, after)
      // What waits when the member goes away is lost with it, or signed by nobody else.
      const log = await restored(backups[step] ?? [], `step-${step}`)
      const seat = new Seat(world, { index: 0, log, isRestored: true })
      await replace(world, seat)
      await world.pass(4 * LEASE_MS)
      expect(seat.signatures).toBe(0)
      expect(seat.replica?.standing).toBe('behind')
      await settle(world, after, SETTLEMENT.length)
      await finish(world)
      expect(await world.passUntil(() => seat.replica?.standing === 'taking-part'), describeSeats(world)).toBe(true)
      expectSound(world)
      expect(world.seats.flatMap(({ failures }) => failures)).toEqual([])
    },
  )

  test('refuses to start when it is the whole set, until its operator begins a new epoch', async () => {
    const world = new SeatWorld({ f: 0 })
    await world.start()
    await settle(world, 0, 5)
    const log = await restored(await recordsOf(world.seats[0]?.log ?? createMemoryEventLog()), 'alone')
    const seat = new Seat(world, { index: 0, log, isRestored: true })
    await expect(replace(world, seat)).rejects.toMatchObject({ code: 'NOTARY_RESTORED' })
    expect(seat.signatures).toBe(0)
    expect(seat.replica?.submit([tick(1)])).toBe(false)

    const to = nextSet(world.set.members, 0)
    const { slot, state } = seat.application
    const head = seat.replica?.state.head
    if (head === undefined) throw new TypeError('no head')
    const key = world.set.members[0]?.key ?? didOf(0)
    const sign = async (bytes: Uint8Array): Promise<string> => await Promise.resolve(signAs(key, bytes))
    const bump = await bumpEpoch({ from: world.set, to, head: { ...head, slot, state }, sign, verify })
    if (bump.kind !== 'change') throw new TypeError(bump.code)
    const [directory, mark] = [join(folder, 'alone-restored', 'market'), join(folder, 'alone-restored', RESTORED_FILE)]
    await confirmRestored(COMPONENTS.fileSystem, { directory, name: 'epoch-1', change: bump.change, mark })
    expect(await COMPONENTS.fileSystem.exists(mark)).toBe(false)
    const next = new SeatWorld({ f: 0, set: to, input: { startAt: bump.change.at } })
    next.now = world.now
    for (const { disk } of next.seats) disk.begun = { books: seat.application.books, state }
    await next.start()
    await settle(next, 5, SETTLEMENT.length)
    await finish(next)
  })

  test('of more than one is not confirmed by one operator alone', async () => {
    const [from, to] = [setOf(1), nextSet(setOf(1).members, 1)]
    const head = { slot: 0, block: GENESIS, at: timestampFromMs(0), state: GENESIS }
    const sign = async (): Promise<string> => await Promise.resolve('')
    expect(await bumpEpoch({ from, to, head, sign, verify })).toEqual({ kind: 'refused', code: 'NOTARY_SET_SIZE' })
    const alone = { from: setOf(0), to: setOf(0), head, sign, verify }
    expect(await bumpEpoch(alone)).toEqual({ kind: 'refused', code: 'NOTARY_SET_EPOCH' })
  })

  test('refuses as well when only its high-water file is newer and it is the whole set', async () => {
    const world = new SeatWorld({ f: 0 })
    await world.start()
    await settle(world, 0, 5)
    const [old] = world.seats
    const log = createMemoryEventLog()
    await log.append((await recordsOf(old?.log ?? log)).slice(0, 4))
    const seat = new Seat(world, { index: 0, log, ...(old?.highWater && { highWater: old.highWater }) })
    await expect(replace(world, seat)).rejects.toMatchObject({ code: 'NOTARY_STATE_BEHIND' })
  })
})

describe('two copies of a member', () => {
  test.each([0, 3])('started at once: one at most signs, and the set goes on (member %i)', async (index) => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    await settle(world, 0, 4)
    const records = await recordsOf(world.seats[index]?.log ?? createMemoryEventLog())
    const highWater = world.seats[index]?.highWater
    await world.seats[index]?.stop()
    await world.pass(3 * LEASE_MS)
    const copies = await Promise.all(
      [0, 1].map(async () => {
        const log = createMemoryEventLog()
        await log.append(records)
        return new Seat(world, { index, log, ...(highWater && { highWater }) })
      }),
    )
    world.seats.splice(index, 1, ...copies)
    for (const copy of copies) await copy.start()
    const others = world.seats.filter((seat) => seat.index !== index)
    await settle(world, 4, SETTLEMENT.length, others)
    await world.pass(10 * LEASE_MS)
    expect(world.doubles).toEqual([])
    expect(copies.filter(({ signatures }) => signatures > 0).length).toBeLessThanOrEqual(1)
    const codes = copies.flatMap(({ failures }) => failures)
    expect(codes).toEqual([expect.objectContaining({ code: 'NOTARY_INSTANCE_OTHER' })])
  })

  test('one of which runs already: the other one stops without a signature', async () => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    await settle(world, 0, 4)
    const log = createMemoryEventLog()
    await log.append((await recordsOf(world.seats[2]?.log ?? log)).slice(0, 20))
    const copy = new Seat(world, { index: 2, log })
    world.seats.push(copy)
    await copy.start()
    await settle(world, 4, SETTLEMENT.length, world.seats.slice(0, 4))
    await world.pass(10 * LEASE_MS)
    expect(copy.signatures).toBe(0)
    expect(copy.failures).toEqual([expect.objectContaining({ code: 'NOTARY_INSTANCE_OTHER' })])
    expect(world.doubles).toEqual([])
  })

  test('a vote under its own key that it did not cast stops a member for good', async () => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    const other = new SeatWorld({ f: 1 })
    await other.start()
    await other.pass(7)
    await settle(other, 0, 3)
    const [first] = other.seats
    if (first === undefined) throw new TypeError('no seat')
    const seat = world.seats[0]
    // The same key, in a run of its own: what it sends there comes here.
    first.withholds = (frame) => {
      if (frame.type === 'notary-vote' || frame.type === 'notary-proposal') seat?.replica?.receive(1, frame)
      return false
    }
    other.submit(tick(5))
    await other.pass(20)
    await world.pass(20)
    expect(seat?.failures).toEqual([expect.objectContaining({ code: 'NOTARY_CLONE_SEEN' })])
    expect(seat?.replica?.standing).toBe('stopped')
  })
})

describe('a key that is lost', () => {
  test.each([0, 3])('mid-contract: the other three go on to its end (member %i)', async (index) => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    await settle(world, 0, 8)
    await world.seats[index]?.stop()
    world.seats.splice(index, 1)
    await settle(world, 8, SETTLEMENT.length)
    await finish(world)
    expectSound(world)
  })

  test('is replaced in a new epoch, which goes on where the old one ended', async () => {
    const world = new SeatWorld({ f: 1 })
    await world.start()
    await settle(world, 0, 8)
    await world.seats[3]?.stop()
    world.seats.splice(3, 1)
    const members = setOf(1).members.map((member, index) => (index === 3 ? { ...member, key: didOf(20) } : member))
    const to = nextSet(members, 1)
    const successor = { to: to.id, epoch: 1 }
    for (const { replica } of world.seats) replica?.endEpoch(successor)
    expect(await world.passUntil(() => world.seats.every(({ changes }) => changes.length > 0))).toBe(true)
    const change = world.seats[0]?.changes[0]
    if (change === undefined) throw new TypeError('no change')
    expect(refuseEpochChange(change, { from: world.set, to, verify })).toBeUndefined()
    const signed = world.seats.map(({ signatures }) => signatures)
    world.submit(tick(77))
    await world.pass(800)
    expect(world.seats.map(({ signatures }) => signatures)).toEqual(signed)
    // The next set begins on the state in which the old one ended.
    const next = new SeatWorld({ f: 1, set: to, input: { startAt: change.at } })
    next.now = world.now
    for (const seat of next.seats) {
      const application = world.seats[0]?.application
      if (application !== undefined) seat.disk.begun = { books: application.books, state: change.state }
    }
    await next.start()
    await settle(next, 8, SETTLEMENT.length)
    await finish(next)
    expect(next.doubles).toEqual([])
    expect(next.seats.map(({ application }) => contractOf(application.books, CONTRACT)?.kind)).toEqual(
      Array.from({ length: 4 }, () => 'FINAL'),
    )
  })
})
