import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { Wallet } from '../../../src/market/parties/accounts/wallet.ts'
import { PartyJournal } from '../../../src/market/parties/journal/party-journal.ts'
import {
  encodePartyRecord,
  type KeptEnvelope,
  keptEnvelopeOf,
  type PartyRecord,
} from '../../../src/market/parties/journal/party-record.ts'
import { PARTY_JOURNAL } from '../../../src/market/parties/role/start-party.ts'
import { isPartyDirectory, verifyParty } from '../../../src/node/market/copies/verify-party.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { contractNamed, KEYS, seededRandom, signerOf } from '../../market/parties/party-fixtures.ts'

const CONTRACT = contractNamed('one')
const folders: string[] = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Messages that the same key says about one contract; another seed is another history. */
async function history(seed: number, acts: readonly string[]): Promise<readonly KeptEnvelope[]> {
  const journal = await PartyJournal.open({ log: createMemoryEventLog(), files: createMemoryKeyValueStore() })
  const clock = { now: () => timestampFromMs(1_790_000_000_000 + seed) }
  const components = { journal, clock, random: seededRandom(seed), signer: signerOf(KEYS.seller) }
  const wallet = new Wallet(components, { network: 'test' })
  const said: KeptEnvelope[] = []
  for (const act of acts) {
    const body = { meter: sha256Hex(act) as Hash }
    said.push(await wallet.say({ act, type: 'escrow-beat', body, aud: '*', subject: CONTRACT }))
  }
  return said
}

/** A data directory with these records, the first of them in a snapshot where that is wanted. */
async function directoryOf(records: readonly PartyRecord[], { isCompacted = false } = {}): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), 'kernell-party-'))
  folders.push(path)
  const components = { fileSystem: createNodeFileSystem(), random: seededRandom(1) }
  const log = await openSegmentedEventLog(components, { directory: join(path, PARTY_JOURNAL) })
  if (isCompacted) {
    const limits = { compactAtBytes: 1 }
    const journal = await PartyJournal.open({ log, files: createMemoryKeyValueStore() }, limits)
    for (const record of records) await journal.append([record])
  } else await log.append(records.map(encodePartyRecord))
  await log.close()
  return path
}

const heard = (kept: KeptEnvelope | undefined): PartyRecord => {
  if (kept === undefined) throw new Error('nothing was said')
  return { kind: 'heard', kept }
}

describe('the directory of a party', () => {
  it('is right as it was written, in one piece or behind a snapshot', async () => {
    const records: readonly PartyRecord[] = [
      ...(await history(1, ['a', 'b', 'c'])).map(heard),
      { kind: 'noted', topic: 'contracts', key: 'one', value: 1 },
    ]
    const whole = await verifyParty(await directoryOf(records))
    expect(whole).toEqual({
      kind: 'party',
      ok: true,
      entries: 4,
      messages: 3,
      signaturesChecked: 3,
      contracts: 1,
      firstBad: null,
      equivocations: [],
    })
    expect(await verifyParty(await directoryOf(records, { isCompacted: true }))).toMatchObject({
      ok: true,
      messages: 3,
    })
  })

  it('takes messages in any order, since others are heard late', async () => {
    const [first, second, third] = await history(1, ['a', 'b', 'c'])
    const path = await directoryOf([heard(third), heard(first), heard(second)])
    expect(await verifyParty(path)).toMatchObject({ ok: true, messages: 3 })
  })

  it('shows a message that its issuer has not signed', async () => {
    const [first] = await history(1, ['a'])
    const text = new TextDecoder().decode(first?.bytes)
    const signature = first?.envelope.signature ?? ''
    const other = signature.startsWith('A') ? 'B' : 'A'
    const forged = keptEnvelopeOf(text.replace(signature, `${other}${signature.slice(1)}`), undefined)
    const { ok, firstBad } = await verifyParty(await directoryOf([heard(first), heard(forged)]))
    expect([ok, firstBad]).toEqual([false, { index: 1, code: 'ENVELOPE_SIGNATURE_WRONG' }])
  })

  it('shows who has signed two messages for one place', async () => {
    const [[one], [other]] = [await history(1, ['a']), await history(2, ['b'])]
    expect(await verifyParty(await directoryOf([heard(one), heard(other)]))).toMatchObject({
      ok: false,
      firstBad: null,
      equivocations: [
        {
          issuer: one?.envelope.head.iss,
          contract: CONTRACT,
          seq: 0,
          messages: [one?.envelope.hash, other?.envelope.hash],
        },
      ],
    })
  })

  it.each([
    ['behind', [0, 1]],
    ['before', [1, 0]],
  ])('shows a message that does not follow the one %s it', async (_, order) => {
    const [[first], [, second]] = [await history(1, ['a']), await history(2, ['b', 'c'])]
    const both = [heard(first), heard(second)]
    const { firstBad } = await verifyParty(await directoryOf(order.flatMap((index) => both[index] ?? [])))
    expect(firstBad).toEqual({ index: 1, code: 'PARTY_CHAIN_BROKEN' })
  })

  it('shows a record that is none, and bytes that were changed', async () => {
    const records = (await history(1, ['a', 'b'])).map(heard)
    const path = await directoryOf(records)
    const folder = join(path, PARTY_JOURNAL)
    const [segment = ''] = readdirSync(folder).filter((name) => name.startsWith('segment-'))
    const bytes = readFileSync(join(folder, segment))
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1
    writeFileSync(join(folder, segment), bytes)
    expect(await verifyParty(path)).toMatchObject({ ok: false, firstBad: { code: 'STORE_CORRUPTED' } })
    expect(await isPartyDirectory(path)).toBe(true)
    expect(await isPartyDirectory(tmpdir())).toBe(false)
  })
})
