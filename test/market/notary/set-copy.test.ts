import { afterEach, describe, expect, test } from 'vitest'
import type { Decision } from '../../../src/core/notary/certificate.ts'
import { DecisionStore } from '../../../src/market/notary/set/decision-store.ts'
import type { StateCopy } from '../../../src/market/notary/set/notary-application.ts'
import { NotaryArchive } from '../../../src/market/notary/books/notary-archive.ts'
import { openBooks } from '../../../src/market/notary/books/open-books.ts'
import { SetApplication } from '../../../src/market/notary/set/set-application.ts'
import type { BooksJournal } from '../../../src/market/notary/books/books-journal.ts'
import { createNonceGuard } from '../../../src/wire/v1/nonce-guard.ts'
import { clock, type Member, verify, World } from './set-world.ts'
import { Deal, issueUsd, PORTABLE_HASHES, registerUsd, SKEW_MS } from './settlement-builder.ts'

let world: World | undefined
afterEach(async () => {
  for (const seat of world?.seats ?? []) await seat.stop()
  world = undefined
})

/** Four members of which the last was away from the beginning, all stopped; some of what the others ordered changed nothing. */
async function afterAbsence(): Promise<World> {
  world = new World()
  await world.start()
  const client = await world.client()
  await client.submit(registerUsd(clock.now()))
  await expect.poll(async () => (await world?.heads())?.size).toBe(1)
  await world.seats[3]?.stop()
  const deal = new Deal(world.set, { name: 'copied', now: clock.now() })
  await client.submit(issueUsd(deal.payer.did, 1_000n, { now: clock.now() }))
  await client.submit(new Deal(world.set, { name: 'nobody', now: clock.now() }).messages.award)
  for (const message of deal.all) await client.submit(message)
  for (const seat of world.seats) await seat.stop()
  return world
}

type Opened = {
  readonly application: SetApplication
  readonly journal: BooksJournal
  readonly decisions: DecisionStore
}

async function open({ set }: World, { disk }: Member, compactAtBytes?: number): Promise<Opened> {
  const { hexOfText: hash } = PORTABLE_HASHES
  const archive = new NotaryArchive({ clockSkewMs: SKEW_MS, hash })
  const nonces = createNonceGuard()
  const journal = await openBooks({
    log: disk.books,
    lineage: { set, before: [] },
    hashes: PORTABLE_HASHES,
    onStep: (step) => {
      archive.add(step)
      const { sent, message } = step.booked
      if (sent === undefined || sent.envelope.head.contract !== undefined) return
      const { iss, nonce, exp } = sent.envelope.head
      nonces.use({ iss, nonce, message, exp, now: step.after.at, clockSkewMs: SKEW_MS })
    },
  })
  const decisions = await DecisionStore.open({ log: disk.decisions, set, digest: hash, compactAtBytes })
  const application = new SetApplication({
    journal,
    archive,
    decisions,
    admission: { admit: async () => await Promise.resolve([]) },
    nonces,
    set,
    verify,
    hash,
    clockSkewMs: SKEW_MS,
    onApplied: () => {},
    onFailure: (cause) => {
      throw cause
    },
  })
  return { application, journal, decisions }
}

async function bothOf(four: World): Promise<{ readonly from: Opened; readonly to: Opened; readonly copy: Copy }> {
  const [first, , , last] = four.seats
  if (first === undefined || last === undefined) throw new TypeError('four seats')
  const [from, to] = [await open(four, first), await open(four, last)]
  const copy = await from.application.copyOf({ checkpoint: 0, fromSlot: to.application.slot + 1 })
  if (copy?.decision === undefined) throw new TypeError('no copy')
  return { from, to, copy: { ...copy, decision: copy.decision } }
}

type Copy = StateCopy & { readonly decision: Decision }

describe('what a member that lags is given', () => {
  test('brings it to the same journal, with the certificates of every block', async () => {
    const { from, to, copy } = await bothOf(await afterAbsence())
    expect(to.journal.entries).toBeLessThan(from.journal.entries)
    expect(await to.application.install(copy)).toBe(true)
    expect(to.journal.head).toEqual(from.journal.head)
    expect([to.application.slot, to.application.state]).toEqual([from.application.slot, from.application.state])
    for (let slot = 1; slot <= to.application.slot; slot += 1)
      expect((await to.decisions.certificatesOf(slot))?.length).toBeGreaterThan(0)
    // And it gives the same to others.
    expect((await to.application.copyOf({ checkpoint: 0, fromSlot: 1 }))?.text.split('\n').length).toBe(
      to.application.slot,
    )
  }, 30_000)

  const bend = (text: string, index: number, change: (line: string) => string): string =>
    text
      .split('\n')
      .map((line, at) => (at === index ? change(line) : line))
      .join('\n')
  const flip = (pattern: RegExp) => (line: string) =>
    line.replace(pattern, (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A'))

  test.each([
    { what: 'a certificate with another signature', change: flip(/("signature":")(.)/) },
    { what: 'a message with another signature', change: flip(/(\\"signature\\":\\")(.)/) },
    {
      what: 'a message that was left out',
      change: (line: string) => line.replace(/"bodies":\[.*?\],"quorum"/, '"bodies":[],"quorum"'),
    },
    { what: 'another stamp', change: (line: string) => line.replace(/"at":(\d+)/, '"at":1') },
    { what: 'no line of a copy', change: () => '{}' },
  ])(
    'is refused with $what, and leaves the log where it was certified',
    async ({ change }) => {
      const { from, to, copy } = await bothOf(await afterAbsence())
      const before = to.application.slot
      const lines = copy.text.split('\n')
      const index = lines.findIndex((line, at) => at > 0 && line.includes('escrow-offer'))
      expect(bend(copy.text, index, change)).not.toBe(copy.text)
      expect(await to.application.install({ ...copy, text: bend(copy.text, index, change) })).toBe(false)
      expect(to.application.slot).toBe(before + index)
      // Another member gives the rest.
      const rest = await from.application.copyOf({ checkpoint: 0, fromSlot: to.application.slot + 1 })
      expect(rest?.decision && (await to.application.install({ ...rest, decision: rest.decision }))).toBe(true)
      expect(to.journal.head).toEqual(from.journal.head)
    },
    30_000,
  )

  test('is refused where what was said of a message that changed nothing is something else', async () => {
    const { to, copy } = await bothOf(await afterAbsence())
    const text = copy.text.replace('BOOKS_CONTRACT_UNKNOWN', 'BOOKS_CONTRACT_OVER')
    expect(text).not.toBe(copy.text)
    expect(await to.application.install({ ...copy, text })).toBe(false)
  }, 30_000)
})

test('certificates of old blocks are kept where somebody may ask for them, and dropped otherwise', async () => {
  const four = await afterAbsence()
  const [first] = four.seats
  if (first === undefined) throw new TypeError('four seats')
  const { decisions } = await open(four, first)
  const { last } = decisions
  if (last === undefined) throw new TypeError('no decision')
  // As many blocks as make the first ones old; the store does not look at what they say.
  for (let slot = last.block.slot + 1; slot <= 5_000; slot += 1) {
    const decision = { ...last, block: { ...last.block, slot } }
    decisions.put(decision)
    await decisions.write({ decision, said: [], root: undefined })
  }
  const store = await open(four, first, 1)
  await store.decisions.compactWhenLarge((slot) => slot === 2)
  const { decisions: kept } = await open(four, first)
  expect((await kept.certificatesOf(2))?.length).toBeGreaterThan(0)
  expect(await kept.certificatesOf(3)).toBeUndefined()
  expect((await kept.certificatesOf(4_999))?.length).toBeGreaterThan(0)
  expect(kept.last?.block.slot).toBe(5_000)
  const slots: number[] = []
  for await (const { decision } of kept.from(4_500)) slots.push(decision.block.slot)
  expect([slots[0], slots.at(-1), slots.length]).toEqual([4_500, 5_000, 501])
  for await (const { decision } of kept.from(3)) throw new Error(`slot ${decision.block.slot} is not kept`)
}, 60_000)
