import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { formatLedgerState } from '../../../src/core/ledger/ledger-state-codec.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { JournalFolder } from '../../../src/market/ledger/journal-folder.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { isConsistencyProven, isEntryProven } from '../../../src/market/ledger/journal-proofs.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { verifyJournal } from '../../../src/market/ledger/verify-journal.ts'
import type { Signer } from '../../../src/ports/signer.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { type DiskFault, FaultyFileSystem, type PowerCut } from '../../../src/testing/faulty-file-system.ts'
import {
  after,
  ALICE,
  evidence,
  hold,
  idOf,
  ISSUER,
  nanos,
  post,
  RECOVERY,
  START,
  USD,
} from '../../core/ledger/ledger-builder.ts'

const NAME = nameJournal('segments')
const JOURNALED = journaledLedger({ at: START })
const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(3) }
const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
/** Not a signature, but as good here: who signs is looked at elsewhere. */
const SIGNER: Signer = {
  publicKeyHex: '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29',
  sign: (bytes) => new Uint8Array(Buffer.concat([digest(bytes), digest(bytes)])),
}

type Journal = MachineJournal<LedgerState, LedgerEvent, LedgerEffect>

const FIRST: readonly LedgerEvent[] = [
  {
    ...evidence(ISSUER),
    type: 'currency-registered',
    currency: USD,
    cap: nanos(1_000_000),
    recoveryKey: RECOVERY,
    recoveryDelay: HOUR_MS,
  },
  {
    ...evidence(ISSUER, 1),
    type: 'credits-issued',
    id: idOf(9_000),
    owner: ALICE,
    currency: USD,
    amount: nanos(100_000),
    reference: 'wire 1',
    isConfirmed: true,
  },
  { type: 'transfers-submitted', at: after(1), orders: [hold(9_001, 20, { expiresAt: after(50_000) })] },
]

function transfer(number: number): LedgerEvent {
  return { type: 'transfers-submitted', at: after(number), orders: [post(number, 1)] }
}

type Opened = { readonly journal: Journal; readonly replayed: () => number }

async function open(disk: FaultyFileSystem): Promise<Opened> {
  const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/log' })
  const folder = await JournalFolder.open(disk, '/segments')
  let transitions = 0
  const machine: typeof JOURNALED.machine = {
    ...JOURNALED.machine,
    transition(state, event) {
      transitions += 1
      return JOURNALED.machine.transition(state, event)
    },
  }
  const journal = await MachineJournal.open(
    { log, folder, digest, signer: SIGNER, journaled: { ...JOURNALED, machine } },
    NAME,
  )
  const replayed = transitions
  return { journal, replayed: () => replayed }
}

async function filled(count: number): Promise<{ disk: FaultyFileSystem; journal: Journal }> {
  const disk = new FaultyFileSystem()
  await disk.makeDirectory('/archive')
  const { journal } = await open(disk)
  await journal.append(FIRST)
  for (let number = 10; number < 10 + count; number += 1) await journal.append([transfer(number)])
  return { disk, journal }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const line of lines) list.push(line)
  return list
}

async function readFile(disk: FaultyFileSystem, path: string): Promise<string[]> {
  const file = await disk.open(path, { mode: 'read' })
  return new TextDecoder().decode(await file.read(0, await file.size())).split('\n')
}

async function* streamOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines
}

async function check(lines: readonly string[], against?: readonly string[]) {
  const verify = () => true
  return await verifyJournal(streamOf(lines), {
    journaled: JOURNALED,
    verify,
    digest,
    against: against && [streamOf(against)],
  })
}

describe('a closed segment', () => {
  it('is where the next start goes on from, and leaves the journal whole', async () => {
    const { disk, journal } = await filled(20)
    const signed = await journal.closeSegment(after(30))
    expect(signed.checkpoint.state).toMatch(/^[0-9a-f]{64}$/)
    await journal.append([transfer(40), transfer(41)])
    const text = formatLedgerState(journal.state)
    const again = await open(disk)
    expect(again.replayed()).toBe(2)
    expect(formatLedgerState(again.journal.state)).toBe(text)
    expect(again.journal.head).toEqual(journal.head)
    await again.journal.append([transfer(42)])
    await again.journal.checkpoint(after(42))
    const lines = await collect(again.journal.lines())
    expect(await check(lines)).toMatchObject({ ok: true, entries: 26, checkpoints: 2 })
    for (const index of [0, 5, 22, 23, 25]) {
      const proof = await again.journal.proveEntry(index)
      expect(proof.entry).toContain(`"index":${index},`)
      expect(isEntryProven(proof)).toBe(true)
      expect(isConsistencyProven(await again.journal.proveConsistency(index, 26))).toBe(true)
    }
  })

  it('makes those who append wait, and covers only what came before', async () => {
    const { disk, journal } = await filled(5)
    const closing = journal.closeSegment(after(30))
    const appended = journal.append([transfer(40)])
    expect((await closing).checkpoint.entries).toBe(8)
    expect((await appended)[0]?.entry?.index).toBe(8)
    expect((await open(disk)).replayed()).toBe(1)
  })

  it('whose state is damaged is passed over: the one before, and the first entry at last', async () => {
    const { disk, journal } = await filled(5)
    await journal.closeSegment(after(30))
    await journal.append([transfer(40)])
    await journal.closeSegment(after(50))
    await journal.append([transfer(60)])
    const text = formatLedgerState(journal.state)
    disk.flipByte('/segments/state-0000000000000009.jsonl', 40)
    const second = await open(disk)
    expect(second.replayed()).toBe(2)
    expect(formatLedgerState(second.journal.state)).toBe(text)
    disk.flipByte('/segments/state-0000000000000008.jsonl', 40)
    const first = await open(disk)
    expect(first.replayed()).toBe(10)
    expect(formatLedgerState(first.journal.state)).toBe(text)
  })

  it('keeps two states and all hashes', async () => {
    const { disk, journal } = await filled(1)
    for (let number = 20; number < 60; number += 10) {
      await journal.append([transfer(number)])
      await journal.closeSegment(after(number))
    }
    const names = await disk.list('/segments')
    expect(names.filter((name) => name.startsWith('state-'))).toHaveLength(2)
    expect(names.filter((name) => name.startsWith('hashes-'))).toHaveLength(4)
  })

  it('needs a folder, a key and an entry', async () => {
    const { disk } = await filled(1)
    const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/log' })
    const folder = await JournalFolder.open(disk, '/segments')
    const bare = await MachineJournal.open({ log, journaled: JOURNALED, signer: SIGNER }, NAME)
    const keyless = await MachineJournal.open({ log, journaled: JOURNALED, folder }, NAME)
    const empty = await open(new FaultyFileSystem())
    const due = [
      [bare, 'LEDGER_SEGMENTS_MISSING'],
      [keyless, 'LEDGER_JOURNAL_KEYLESS'],
      [empty.journal, 'LEDGER_ENTRY_UNKNOWN'],
    ] as const
    for (const [journal, code] of due)
      await expect(journal.closeSegment(after(90))).rejects.toSatisfy((error) => CodedError.is(error, code))
  })
})

async function pruned() {
  const { disk, journal } = await filled(20)
  await journal.closeSegment(after(30))
  await journal.append([transfer(40)])
  const before = await collect(journal.lines())
  await journal.prune(after(50), '/archive/first.jsonl')
  await journal.append([transfer(60), transfer(61)])
  await journal.checkpoint(after(61))
  const archive = await readFile(disk, '/archive/first.jsonl')
  return { disk, journal, before, archive, lines: await collect(journal.lines()) }
}

describe('a pruned journal', () => {
  it('verifies from its cut, and with its archive from the first entry on', async () => {
    const { archive, lines, before } = await pruned()
    expect(archive.slice(0, before.length)).toEqual(before)
    expect(lines[0]).toContain('"cut"')
    expect(await check(lines)).toMatchObject({ ok: true, entries: 26, checkpoints: 2, head: { index: 25 } })
    const whole = [...archive, ...lines]
    expect(await check(whole)).toMatchObject({ ok: true, entries: 26, head: { index: 25 } })
    const both = await check(whole, lines)
    expect(both).toMatchObject({ ok: true, against: [{ entries: 26, fork: { kind: 'same' } }] })
    expect(both.sums).toEqual((await check(lines)).sums)
  })

  it('goes on after a start, and can be pruned again', async () => {
    const { disk, journal, archive } = await pruned()
    const text = formatLedgerState(journal.state)
    const again = await open(disk)
    expect(again.replayed()).toBe(2)
    expect(formatLedgerState(again.journal.state)).toBe(text)
    await again.journal.prune(after(70), '/archive/second.jsonl')
    await again.journal.append([transfer(80)])
    await again.journal.checkpoint(after(80))
    const lines = await collect((await open(disk)).journal.lines())
    const whole = [...archive, ...(await readFile(disk, '/archive/second.jsonl')), ...lines]
    expect(await check(whole)).toMatchObject({ ok: true, entries: 27 })
    expect(await check(lines, whole)).toMatchObject({ ok: true, against: [{ fork: { kind: 'same' } }] })
  })

  it('proves entries and beginnings on both sides of the cut', async () => {
    const { disk, archive } = await pruned()
    const { journal } = await open(disk)
    for (const line of archive) {
      const index = Number(/"index":(\d+),"prev"/.exec(line)?.[1])
      if (!Number.isInteger(index)) continue
      await expect(journal.proveEntry(index)).rejects.toSatisfy((error) => CodedError.is(error, 'LEDGER_ENTRY_PRUNED'))
      expect(isEntryProven(await journal.proveEntry(index, { archived: line }))).toBe(true)
      const other = line.replace('"at":', '"at":1')
      await expect(journal.proveEntry(index, { archived: other })).rejects.toMatchObject({
        code: 'LEDGER_ENTRY_UNKNOWN',
      })
    }
    for (const index of [24, 25]) expect(isEntryProven(await journal.proveEntry(index))).toBe(true)
    for (let from = 0; from <= 26; from += 1)
      expect(isConsistencyProven(await journal.proveConsistency(from, 26))).toBe(true)
  })

  it('is refused where the beginning is not what was signed', async () => {
    const { lines } = await pruned()
    const beginning = lines.flatMap((line, at) => (/^\{"(hashes|state)"/.test(line) ? [at] : []))
    expect(beginning.length).toBeGreaterThan(5)
    for (const at of beginning) {
      const line = lines[at] ?? ''
      const changed = line.startsWith('{"hashes"')
        ? line.replace(/[0-9a-f]{64}/, '0'.repeat(64))
        : line.replace(/\d(?=\D*$)/, (digit) => (digit === '1' ? '2' : '1'))
      for (const copy of [lines.with(at, changed), lines.toSpliced(at, 1)]) {
        const { ok, firstBad } = await check(copy)
        expect({ ok, code: firstBad?.code, at }).toEqual({ ok: false, code: 'JOURNAL_CUT_WRONG', at })
      }
    }
    const shortened = lines.slice(0, beginning.at(-1))
    expect((await check(shortened)).firstBad?.code).toBe('JOURNAL_CUT_WRONG')
  })

  it('overwrites no archive', async () => {
    const { journal } = await pruned()
    await expect(journal.prune(after(70), '/archive/first.jsonl')).rejects.toMatchObject({
      code: 'LEDGER_ARCHIVE_EXISTS',
    })
    await journal.append([transfer(80)])
  })
})

/** Closes, appends and prunes; `acknowledged` is the last entry that somebody was told of. */
async function live(disk: FaultyFileSystem): Promise<number> {
  let acknowledged = -1
  try {
    await disk.makeDirectory('/archive')
    const { journal } = await open(disk)
    const append = async (events: readonly LedgerEvent[]): Promise<void> => {
      const done = await journal.append(events)
      acknowledged = done.at(-1)?.entry?.index ?? acknowledged
    }
    await append(FIRST)
    await journal.closeSegment(after(5)).catch(() => {})
    await append([transfer(10), transfer(11)])
    await journal.closeSegment(after(12)).catch(() => {})
    await append([transfer(20)])
    await journal.prune(after(21), '/archive/first.jsonl').catch(() => {})
    await append([transfer(30)])
    await journal.closeSegment(after(31)).catch(() => {})
    await append([transfer(40)])
  } catch {
    // The disk said no: what was acknowledged before is what counts.
  }
  return acknowledged
}

const FAULTS: readonly { readonly kind: DiskFault['kind']; readonly cut: PowerCut }[] = [
  { kind: 'fail', cut: 'mix' },
  { kind: 'tear', cut: 'lose' },
  { kind: 'crash', cut: 'lose' },
  { kind: 'crash', cut: 'keep' },
  { kind: 'crash', cut: 'mix' },
]

describe('a fault at any write', () => {
  it.each(FAULTS)('($kind, then $cut) loses nothing that was acknowledged', async ({ kind, cut }) => {
    const sound = new FaultyFileSystem()
    expect(await live(sound)).toBe(7)
    const points = sound.operationCount
    expect(points).toBeGreaterThan(60)
    let prunedCopies = 0
    for (let operation = 0; operation < points; operation += 1) {
      const disk = new FaultyFileSystem({ faults: [{ operation, kind }], seed: operation + 1 })
      const acknowledged = await live(disk)
      disk.crash(cut)
      if (await isPrunedAfter(disk, { acknowledged, where: `${kind} at ${operation}, ${cut}` })) prunedCopies += 1
    }
    expect(prunedCopies).toBeGreaterThan(5)
  })
})

/** Opens what a fault has left, goes on with it and verifies it. */
async function isPrunedAfter(
  disk: FaultyFileSystem,
  { acknowledged, where }: { readonly acknowledged: number; readonly where: string },
): Promise<boolean> {
  await disk.makeDirectory('/archive')
  const { journal } = await open(disk)
  expect(journal.entries, where).toBeGreaterThan(acknowledged)
  if (journal.entries === 0) return false
  await journal.append([transfer(50)])
  await journal.closeSegment(after(51))
  const lines = await collect(journal.lines())
  expect(await check(lines), where).toMatchObject({ ok: true, entries: journal.entries })
  expect((await open(disk)).replayed(), where).toBe(0)
  if (lines[0]?.startsWith('{"cut"') !== true) return false
  const whole = [...(await readFile(disk, '/archive/first.jsonl')), ...lines]
  expect(await check(whole), where).toMatchObject({ ok: true, entries: journal.entries })
  return true
}
