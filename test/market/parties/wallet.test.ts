import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import { type KeptEnvelope, subjectOf } from '../../../src/market/parties/journal/party-record.ts'
import { Wallet } from '../../../src/market/parties/accounts/wallet.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { type DiskFault, FaultyFileSystem, type PowerCut } from '../../../src/testing/faulty-file-system.ts'
import { contractNamed, KEYS, seededRandom, signerOf } from './party-fixtures.ts'

const CONTRACT = contractNamed('contract')
const OTHER = contractNamed('other')

async function walletOver(
  log: EventLog,
  seed = 1,
): Promise<{ readonly wallet: Wallet; readonly journal: PartyJournal }> {
  const journal = await PartyJournal.open({ log, files: createMemoryKeyValueStore() })
  const clock = { now: () => timestampFromMs(1_790_000_000_000 + seed) }
  const components = { journal, clock, random: seededRandom(seed), signer: signerOf(KEYS.seller) }
  return { journal, wallet: new Wallet(components, { network: 'test' }) }
}

async function beat(wallet: Wallet, act: string, subject = CONTRACT): Promise<KeptEnvelope> {
  const body = { meter: sha256Hex(act) as Hash }
  return await wallet.say({ act, type: 'escrow-beat', body, aud: '*', subject })
}

describe('a wallet', () => {
  it('gives the messages of a subject their places, whoever asks at once', async () => {
    const { wallet } = await walletOver(createMemoryEventLog())
    const said = await Promise.all(['a', 'b', 'c'].map(async (act) => await beat(wallet, act)))
    const other = await beat(wallet, 'x', OTHER)
    expect(said.map(({ envelope }) => envelope.head.seq)).toEqual([0, 1, 2])
    expect(said.map(({ envelope }) => envelope.head.prev)).toEqual([
      undefined,
      said[0]?.envelope.hash,
      said[1]?.envelope.hash,
    ])
    expect(other.envelope.head.seq).toBe(0)
  })

  it('says the same for the same act, also at once and after a restart', async () => {
    const log = createMemoryEventLog()
    const { wallet } = await walletOver(log)
    const [first, again] = await Promise.all([beat(wallet, 'a'), beat(wallet, 'a')])
    expect(again.bytes).toEqual(first.bytes)
    const restarted = await walletOver(log, 2)
    expect((await beat(restarted.wallet, 'a')).bytes).toEqual(first.bytes)
    expect((await beat(restarted.wallet, 'b')).envelope.head).toMatchObject({ seq: 1, prev: first.envelope.hash })
  })

  it('signs one statement at one place', async () => {
    const log = createMemoryEventLog()
    const { wallet } = await walletOver(log)
    const place = `${CONTRACT}/1`
    const signature = await wallet.sign({ kind: 'voucher', place, hash: sha256Hex('one') as Hash })
    await expect(wallet.sign({ kind: 'voucher', place, hash: sha256Hex('two') as Hash })).rejects.toMatchObject({
      code: 'EVIDENCE_PLACE_TAKEN',
    })
    const restarted = await walletOver(log, 2)
    expect(await restarted.wallet.sign({ kind: 'voucher', place, hash: sha256Hex('one') as Hash })).toBe(signature)
    await expect(
      restarted.wallet.sign({ kind: 'voucher', place, hash: sha256Hex('two') as Hash }),
    ).rejects.toMatchObject({ code: 'EVIDENCE_PLACE_TAKEN' })
  })

  it('says nothing more about what was forgotten', async () => {
    const log = createMemoryEventLog()
    const { wallet, journal } = await walletOver(log)
    await beat(wallet, 'a')
    await journal.append([{ kind: 'forgotten', subject: CONTRACT }])
    await expect(beat(wallet, 'b')).rejects.toMatchObject({ code: 'EVIDENCE_PLACE_TAKEN' })
    const restarted = await walletOver(log, 2)
    await expect(beat(restarted.wallet, 'b')).rejects.toMatchObject({ code: 'EVIDENCE_PLACE_TAKEN' })
  })
})

type Run = { readonly seed: number; readonly faults: readonly DiskFault[]; readonly cut: PowerCut }

/** Messages that left before and after the crash, and what the journal holds in the end. */
async function runThroughCrash({ seed, faults, cut }: Run): Promise<{ left: KeptEnvelope[]; kept: PartyJournal }> {
  const disk = new FaultyFileSystem({ faults, seed })
  const left: KeptEnvelope[] = []
  const life = async (number: number): Promise<void> => {
    const random = seededRandom(seed * 7 + number)
    const log = await openSegmentedEventLog({ fileSystem: disk, random }, { directory: '/party' })
    const { wallet } = await walletOver(log, seed * 7 + number)
    const leaving = async (act: string, subject = CONTRACT): Promise<void> => {
      left.push(await beat(wallet, act, subject))
    }
    await Promise.all([leaving('a'), leaving('b'), leaving('x', OTHER)])
    await leaving(`c${number}`)
    await Promise.all([leaving('d'), leaving('e'), leaving('y', OTHER)])
    await log.close()
  }
  await life(1).catch(() => undefined)
  disk.crash(cut)
  await life(2)
  const log = await openSegmentedEventLog({ fileSystem: disk, random: seededRandom(seed) }, { directory: '/party' })
  return { left, kept: await PartyJournal.open({ log, files: createMemoryKeyValueStore() }) }
}

describe('a wallet over a disk that fails', () => {
  it('never lets two messages of one place leave, and forgets none that left', async () => {
    const runs = fc.record({
      seed: fc.integer({ min: 1, max: 1_000 }),
      faults: fc.array(
        fc.record({
          operation: fc.integer({ min: 0, max: 24 }),
          kind: fc.constantFrom<DiskFault['kind']>('fail', 'tear', 'crash'),
        }),
        { minLength: 1, maxLength: 2 },
      ),
      cut: fc.constantFrom<PowerCut>('lose', 'keep', 'mix'),
    })
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const { left, kept } = await runThroughCrash(run)
        const places = new Map<string, string>()
        for (const { envelope, bytes } of left) {
          const place = `${subjectOf(envelope)}/${envelope.head.seq}`
          expect(places.get(place) ?? envelope.hash).toBe(envelope.hash)
          places.set(place, envelope.hash)
          expect(kept.envelope(envelope.hash)?.bytes).toEqual(bytes)
        }
        for (const subject of [CONTRACT, OTHER])
          expect(kept.envelopesOf(subject).map(({ envelope }) => envelope.head.seq)).toEqual(
            kept.envelopesOf(subject).map((_, index) => index),
          )
      }),
      { numRuns: 150 },
    )
  })
})
