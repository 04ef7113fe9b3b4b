import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../src/base/time.ts'
import { AUDIT_START, nextAuditEntry, readAuditEntry } from '../../src/core/audit/audit-entry.ts'
import { parseAuditSnapshot } from '../../src/core/audit/audit-snapshot.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { AuditJournal } from '../../src/rights/audit-journal.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import { FaultyFileSystem } from '../../src/testing/faulty-file-system.ts'

const CLOCK = {
  now: () => timestampFromMs(1_900_000_000_000),
  monotonicMs: () => 0,
  timeoutSignal: () => new AbortController().signal,
}
const BYTES = new TextEncoder()
const TEXT = new TextDecoder()

async function linesOf(log: EventLog): Promise<string[]> {
  const lines: string[] = []
  for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) lines.push(TEXT.decode(payload))
  return lines
}

async function logOf(lines: readonly string[]): Promise<EventLog> {
  const log = createMemoryEventLog()
  for (const line of lines) await log.append([BYTES.encode(line)])
  return log
}

describe('the audit journal', () => {
  it('finds every changed, missing, doubled and moved entry', async () => {
    const log = createMemoryEventLog()
    const { journal } = await AuditJournal.open({ log, clock: CLOCK })
    for (let count = 0; count < 6; count += 1) await journal.append({ type: 'stopped', count })
    const lines = await linesOf(log)
    const sound = await AuditJournal.open({ log: await logOf(lines), clock: CLOCK })
    expect(sound.journal.verify()).toMatchObject({ ok: true, entries: 6, dropped: 0 })
    const [first = '', second = '', ...rest] = lines
    const broken: [string[], string][] = [
      [[second, ...rest], 'index'],
      [[first, ...rest], 'index'],
      [[first, first, second, ...rest], 'index'],
      [[second, first, ...rest], 'index'],
      [[first.replace('"count":0', '"count":9'), second, ...rest], 'chain'],
      [[first.replace('{', '{ '), second, ...rest], 'not-canonical'],
      [[first, 'nonsense', ...rest], 'malformed'],
    ]
    for (const [changed, finding] of broken) {
      const opened = await AuditJournal.open({ log: await logOf(changed), clock: CLOCK })
      expect(opened.journal.verify().firstBad?.finding, changed.join('\n')).toBe(finding)
      // It goes on telling, and what is wrong stays in sight.
      await opened.journal.append({ type: 'released' })
      expect([...opened.journal.entries()].at(-1)?.event.type).toBe('released')
      expect(opened.journal.verify().ok).toBe(false)
    }
  })

  it('written anew from the start is seen by whoever noted a head', async () => {
    const { journal } = await AuditJournal.open({ log: createMemoryEventLog(), clock: CLOCK })
    for (const count of [1, 2, 3]) await journal.append({ type: 'stopped', count })
    const { head } = journal.verify()
    if (head === null) throw new Error('no head')
    await journal.append({ type: 'released' })
    expect(journal.verify(head).ok).toBe(true)
    const forged = await AuditJournal.open({ log: createMemoryEventLog(), clock: CLOCK })
    for (const count of [1, 2, 9, 4]) await forged.journal.append({ type: 'stopped', count })
    expect(forged.journal.verify().ok).toBe(true)
    expect(forged.journal.verify(head).firstBad).toEqual({ index: 2, finding: 'head' })
    expect(forged.journal.verify({ ...head, index: 7 }).ok).toBe(false)
  })

  it('stays small, and its chain goes on across what was dropped', async () => {
    const log = createMemoryEventLog()
    const small = { entriesMax: 10, entriesKept: 4 }
    const used = [{ iss: 'a', nonce: 'b', exp: 2_000_000_000 }]
    const { journal } = await AuditJournal.open({ log, clock: CLOCK }, small)
    for (let count = 0; count < 40; count += 1) await journal.append({ type: 'stopped', count }, () => used)
    expect([...journal.entries()].length).toBeLessThanOrEqual(10)
    const again = await AuditJournal.open({ log, clock: CLOCK }, small)
    expect(again.used).toEqual(used)
    expect(again.journal.verify()).toEqual(journal.verify())
    expect(again.journal.verify()).toMatchObject({ ok: true, entries: 40 })
    await Promise.all(
      Array.from({ length: 30 }, async (_, count) => await again.journal.append({ type: 'stopped', count })),
    )
    expect(again.journal.verify()).toMatchObject({ ok: true, entries: 70 })
    const third = await AuditJournal.open({ log, clock: CLOCK }, small)
    expect(third.journal.verify()).toEqual(again.journal.verify())
  })

  it('loses no entry that was acknowledged, wherever power fails', async () => {
    for (let operation = 4; operation < 60; operation += 1) {
      const kind = (['fail', 'tear', 'crash'] as const)[operation % 3] ?? 'crash'
      const disk = new FaultyFileSystem({ seed: operation, faults: [{ operation, kind }] })
      const random = { fraction: () => 0, bytes: (count: number) => new Uint8Array(count).fill(operation) }
      const told: number[] = []
      try {
        const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/audit' })
        const { journal } = await AuditJournal.open({ log, clock: CLOCK }, { entriesMax: 10, entriesKept: 4 })
        for (let count = 0; count < 25; count += 1) {
          await journal.append({ type: 'stopped', count })
          told.push(count)
        }
      } catch {
        // The power is off, or the disk has refused.
      }
      disk.crash(operation % 2 === 0 ? 'mix' : 'lose')
      const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/audit' })
      const { journal } = await AuditJournal.open({ log, clock: CLOCK })
      const verification = journal.verify()
      expect(verification.ok, `operation ${operation}`).toBe(true)
      expect(verification.entries).toBeGreaterThanOrEqual(told.length)
      await log.close()
    }
  })

  it('reads anything without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readAuditEntry(AUDIT_START, text).kind).toBe('wrong')
        expect(parseAuditSnapshot(text)).toBeUndefined()
      }),
    )
    expect(() => nextAuditEntry(AUDIT_START, { event: { type: 'x'.repeat(9_000) }, at: CLOCK.now() })).toThrow(
      RangeError,
    )
  })
})
