import { generateKeyPairSync, sign as signWith, verify as verifyWith, createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { HOUR_MS } from '../../../src/base/time.ts'
import { sha256 } from '../../../src/base/sha256.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { formatHash } from '../../../src/core/transparency/hash-text.ts'
import { isConsistencyProven, isEntryProven, rootOfEntries } from '../../../src/market/ledger/journal-proofs.ts'
import { formatCheckpoint, formatEntry, hashEntry, nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { pageAccounts } from '../../../src/core/ledger/ledger-pages.ts'
import { viewAccounts } from '../../../src/market/ledger/ledger-views.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { signCheckpoint } from '../../../src/market/ledger/sign-checkpoint.ts'
import { type JournalVerification, verifyJournal } from '../../../src/market/ledger/verify-journal.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { signerOfKey } from '../../../src/wire/v1/checkpoint.ts'
import type { Signer, VerifySignature } from '../../../src/ports/signer.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import {
  account,
  after,
  ALICE,
  BOB,
  evidence,
  hold,
  idOf,
  ISSUER,
  nanos,
  post,
  postHeld,
  RECOVERY,
  START,
  USD,
  voidHeld,
} from '../../core/ledger/ledger-builder.ts'

const NAME = nameJournal('test')
const JOURNALED = journaledLedger({ at: START })

function createSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const jwk = publicKey.export({ format: 'jwk' })
  const publicKeyHex = Buffer.from(jwk.x ?? '', 'base64url').toString('hex')
  return { publicKeyHex, sign: (bytes) => new Uint8Array(signWith(null, bytes, privateKey)) }
}

const verify: VerifySignature = ({ publicKeyHex, bytes, signature }) => {
  const x = Buffer.from(publicKeyHex, 'hex').toString('base64url')
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  return verifyWith(null, bytes, key, signature)
}

const SIGNER = createSigner()

const EVENTS: readonly LedgerEvent[] = [
  {
    ...evidence(ISSUER),
    type: 'currency-registered',
    currency: USD,
    cap: nanos(1_000),
    recoveryKey: RECOVERY,
    recoveryDelay: HOUR_MS,
  },
  {
    ...evidence(ISSUER, 1),
    type: 'credits-issued',
    id: idOf(900),
    owner: ALICE,
    currency: USD,
    amount: nanos(100),
    reference: 'wire 1',
    isConfirmed: true,
  },
  { type: 'transfers-submitted', at: after(1), orders: [post(1, 10), hold(2, 20, { expiresAt: after(50) })] },
  { type: 'transfers-submitted', at: after(2), orders: [postHeld(3, 2, 5)] },
  { type: 'transfers-submitted', at: after(3), orders: [hold(4, 7, { expiresAt: after(60) })] },
  { type: 'holds-expired', at: after(60) },
]

async function openJournal(log: EventLog): Promise<MachineJournal<LedgerState, LedgerEvent, unknown>> {
  return await MachineJournal.open({ log, journaled: JOURNALED, signer: SIGNER }, NAME)
}

async function writtenJournal(events: readonly LedgerEvent[] = EVENTS) {
  const log = createMemoryEventLog()
  const journal = await openJournal(log)
  for (const [index, event] of events.entries()) {
    await journal.append([event])
    if (index % 2 === 1) await journal.checkpoint(event.at)
  }
  return { log, journal, lines: await collect(journal.lines()) }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = []
  for await (const line of lines) list.push(line)
  return list
}

async function* streamOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines
}

async function check(
  lines: readonly string[],
  ...against: readonly (readonly string[])[]
): Promise<JournalVerification> {
  return await verifyJournal(streamOf(lines), {
    journaled: JOURNALED,
    verify,
    against: against.map(streamOf),
  })
}

/** The lines with entries from `index` on written anew, so that the chain holds again; checkpoints are signed anew or dropped. */
function rewritten(lines: readonly string[], index: number, event: string, signer?: Signer): string[] {
  let prev = NAME
  let number = 0
  const out: string[] = []
  const hashes: (typeof NAME)[] = []
  let state = JOURNALED.first
  for (const line of lines) {
    const json = JSON.parse(line)
    if ('checkpoint' in json) {
      if (number <= index) out.push(line)
      else if (signer !== undefined) {
        const balances = hashText(JOURNALED.formatBalances(state))
        const root = rootOfEntries(hashes)
        const content = { journal: NAME, entries: number, head: prev, root, balances, at: json.checkpoint.at }
        out.push(formatCheckpoint(signCheckpoint(content, signer)))
      }
      continue
    }
    const text = number === index ? event : JSON.stringify(json.event)
    const made = formatEntry({ index: number, prev, at: json.at }, text)
    const parsed = JOURNALED.parseEvent(JSON.parse(text))
    if (parsed !== undefined) state = JOURNALED.machine.transition(state, parsed).state
    prev = hashEntry(made)
    hashes.push(prev)
    out.push(made)
    number += 1
  }
  return out
}

function hashText(text: string): typeof NAME {
  return formatHash(sha256(new TextEncoder().encode(text)))
}

describe('a journal', () => {
  it('gives the effects of each event with its place in the chain, and nothing for what changed nothing', async () => {
    const journal = await openJournal(createMemoryEventLog())
    const made = await journal.append(EVENTS.slice(0, 3))
    expect(made.map(({ entry }) => entry?.index)).toEqual([0, 1, 2])
    expect(journal.head).toEqual(made[2]?.entry)
    const again = await journal.append(EVENTS.slice(2, 3))
    expect(again).toEqual([
      {
        effects: [
          { type: 'transfer-exists', id: idOf(1) },
          { type: 'transfer-exists', id: idOf(2) },
        ],
        entry: undefined,
      },
    ])
    expect(journal.entries).toBe(3)
  })

  it('comes back as it was from its log', async () => {
    const { log, journal } = await writtenJournal()
    const again = await openJournal(log)
    expect(again.head).toEqual(journal.head)
    expect(JOURNALED.formatBalances(again.state)).toBe(JOURNALED.formatBalances(journal.state))
    expect(pageAccounts(again.state, {})).toEqual(pageAccounts(journal.state, {}))
  })

  it('does not open when a record was changed, dropped or belongs to another journal', async () => {
    const { lines } = await writtenJournal()
    const changed = lines.map((line) => line.replace('"amountNanos":"10"', '"amountNanos":"11"'))
    for (const [what, name] of [
      [changed, NAME],
      [lines.slice(1), NAME],
      [lines, nameJournal('another')],
    ] as const) {
      const log = createMemoryEventLog()
      await log.append(what.map((line) => new TextEncoder().encode(line)))
      const opening = MachineJournal.open({ log, journaled: JOURNALED, signer: SIGNER }, name)
      await expect(opening).rejects.toSatisfy((error) => CodedError.is(error, 'LEDGER_JOURNAL_BROKEN'))
    }
  })

  it('tells nobody of an event, nor that it exists, before it is on disk', async () => {
    const log = createMemoryEventLog()
    const gate = Promise.withResolvers<void>()
    const slow: EventLog = Object.assign(Object.create(log), {
      append: async (payloads: readonly Uint8Array[]) => {
        await gate.promise
        return await log.append(payloads)
      },
      read: (from: number) => log.read(from),
    })
    const journal = await openJournal(slow)
    const told: string[] = []
    const first = journal.append(EVENTS.slice(0, 3)).then(() => told.push('first'))
    const second = journal.append(EVENTS.slice(2, 3)).then(() => told.push('second'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([])
    gate.resolve()
    await Promise.all([first, second])
    expect(told).toEqual(['first', 'second'])
  })

  it('takes nothing after a failed write', async () => {
    const log = createMemoryEventLog()
    const broken: EventLog = Object.assign(Object.create(log), {
      append: async () => {
        throw new CodedError('STORE_WRITE_FAILED', { message: 'full' })
      },
      read: (from: number) => log.read(from),
    })
    const journal = await openJournal(broken)
    const isClosed = (error: unknown): boolean => CodedError.is(error, 'LEDGER_JOURNAL_CLOSED')
    await expect(journal.append(EVENTS.slice(0, 1))).rejects.toSatisfy(isClosed)
    await expect(journal.append(EVENTS.slice(1, 2))).rejects.toSatisfy(isClosed)
    await expect(journal.checkpoint(after(1))).rejects.toSatisfy(isClosed)
  })

  it('proves every entry and every beginning', async () => {
    const { journal, lines } = await writtenJournal()
    const entries = lines.filter((line) => line.startsWith('{"at"'))
    for (const [index, line] of entries.entries()) {
      const proof = await journal.proveEntry(index)
      expect(proof).toMatchObject({ index, entries: entries.length, entry: line })
      expect(isEntryProven(proof)).toBe(true)
      expect(isEntryProven({ ...proof, entry: line.replace('"index"', '"Index"') })).toBe(false)
      const consistency = await journal.proveConsistency(index, entries.length)
      expect(isConsistencyProven(consistency)).toBe(true)
      expect(consistency.fromRoot).toBe(rootOfEntries(entries.slice(0, index).map((entry) => hashEntry(entry))))
    }
    await expect(journal.proveEntry(6)).rejects.toSatisfy((error) => CodedError.is(error, 'LEDGER_ENTRY_UNKNOWN'))
    await expect(journal.proveConsistency(2, 7)).rejects.toThrow()
  })

  it('signs no checkpoint without a key', async () => {
    const journal = await MachineJournal.open({ log: createMemoryEventLog(), journaled: JOURNALED }, NAME)
    await expect(journal.checkpoint(START)).rejects.toSatisfy((error) => CodedError.is(error, 'LEDGER_JOURNAL_KEYLESS'))
  })
})

describe('the verification of a copy', () => {
  it('says what `kernell ledger verify` prints', async () => {
    const { lines, journal } = await writtenJournal()
    expect(await check(lines)).toEqual({
      ok: true,
      entries: 6,
      covered: 6,
      uncovered: null,
      coveredBy: [signerOfKey(SIGNER.publicKeyHex)],
      asOf: after(60),
      head: journal.head,
      checkpoints: 3,
      signaturesChecked: 3,
      envelopeSignatures: 0,
      gaps: ['JOURNAL_SET_UNNAMED'],
      sums: { [USD]: { debitsNanos: '164', creditsNanos: '164', sumNanos: '0' } },
      firstBad: null,
      equivocations: [],
      splitViews: [],
      audit: null,
      against: [],
    })
  })

  it('finds the first changed, missing, doubled, reordered or foreign line', async () => {
    const { lines } = await writtenJournal()
    const entry = (index: number): string => lines.filter((line) => line.startsWith('{"at"'))[index] ?? ''
    const at = (index: number): number => lines.indexOf(entry(index))
    const swap = lines.with(at(2), entry(3)).with(at(3), entry(2))
    const cases: readonly (readonly [readonly string[], string])[] = [
      [lines.with(at(2), entry(2).replace('"amountNanos":"10"', '"amountNanos":"11"')), 'JOURNAL_CHAIN_BROKEN'],
      [lines.toSpliced(at(2), 1), 'JOURNAL_INDEX_WRONG'],
      [lines.toSpliced(at(2), 0, entry(2)), 'JOURNAL_INDEX_WRONG'],
      [swap, 'JOURNAL_INDEX_WRONG'],
      [lines.with(at(1), ` ${entry(1)}`), 'JOURNAL_LINE_NOT_CANONICAL'],
      [lines.with(at(1), '{"at":1}'), 'JOURNAL_LINE_MALFORMED'],
      [lines.with(at(1), 'x'), 'JOURNAL_LINE_MALFORMED'],
      [lines.map((line) => line.replace(/("signature":".)./, '$1_')), 'JOURNAL_SIGNATURE_WRONG'],
      [lines.map((line) => line.replace(/"balances":"../, '"balances":"00')), 'JOURNAL_CHECKPOINT_WRONG'],
    ]
    for (const [bad, code] of cases) {
      const report = await check(bad)
      expect([report.ok, report.firstBad?.code]).toEqual([false, code])
    }
  })

  it('finds a rewritten history by the checkpoints that were signed before', async () => {
    const { lines } = await writtenJournal()
    const event = JOURNALED.formatEvent({
      type: 'transfers-submitted',
      at: after(1),
      orders: [post(1, 11), hold(2, 20, { expiresAt: after(50) })],
    })
    const kept = rewritten(lines, 2, event)
    const withOld = [...kept, lines.filter((line) => line.startsWith('{"checkpoint"')).at(-1) ?? '']
    expect(await check(kept)).toMatchObject({
      ok: false,
      firstBad: null,
      gaps: ['JOURNAL_TAIL_UNCOVERED', 'JOURNAL_SET_UNNAMED'],
    })
    expect((await check(withOld)).firstBad?.code).toBe('JOURNAL_CHECKPOINT_WRONG')
  })

  it('finds an event that moves money against the rules, because its replay moves none', async () => {
    const { lines } = await writtenJournal()
    const event = JOURNALED.formatEvent({ type: 'transfers-submitted', at: after(2), orders: [postHeld(3, 2, 21)] })
    expect((await check(rewritten(lines, 3, event))).firstBad).toMatchObject({
      index: 3,
      code: 'JOURNAL_EVENT_WITHOUT_TRACE',
    })
  })

  it('takes checkpoints of the notary set only, where one is given', async () => {
    const { lines } = await writtenJournal()
    const report = await verifyJournal(streamOf(lines), { journaled: JOURNALED, verify, signers: [ALICE, BOB] })
    expect(report.firstBad?.code).toBe('JOURNAL_SIGNER_UNKNOWN')
  })
})

describe('the comparison of two copies', () => {
  it('tells equal ones, one that is behind, and a fork with its first entry', async () => {
    const { lines } = await writtenJournal()
    expect((await check(lines, lines)).against[0]?.fork).toEqual({ kind: 'same', commonEntries: 6 })
    const behind = await check(lines, lines.slice(0, 4))
    expect([behind.ok, behind.against[0]?.fork]).toEqual([
      true,
      { kind: 'behind', commonEntries: 3, behindBy: 3, which: 'second' },
    ])
    const event = JOURNALED.formatEvent({
      type: 'transfers-submitted',
      at: after(3),
      orders: [hold(4, 8, { expiresAt: after(60) })],
    })
    const forked = await check(lines, rewritten(lines, 4, event))
    expect([forked.ok, forked.against[0]?.fork]).toMatchObject([false, { kind: 'forked', commonEntries: 4, at: 4 }])
    expect(forked.equivocations).toEqual([])
  })

  it('holds the two signatures of whoever has confirmed both sides', async () => {
    const { lines } = await writtenJournal()
    const event = JOURNALED.formatEvent({
      type: 'transfers-submitted',
      at: after(3),
      orders: [hold(4, 8, { expiresAt: after(60) })],
    })
    const other = rewritten(lines, 4, event, SIGNER)
    expect((await check(other)).ok).toBe(true)
    const report = await check(lines, other)
    expect(report.equivocations).toMatchObject([{ kind: 'same-position' }])
    const [one, two] = report.equivocations[0]?.checkpoints ?? []
    expect(one?.checkpoint.entries).toBe(two?.checkpoint.entries)
    expect(one?.checkpoint.head).not.toBe(two?.checkpoint.head)
    const stranger = rewritten(lines, 4, event, createSigner())
    expect((await check(lines, stranger)).equivocations).toEqual([])
  })

  it('shows a signer that has confirmed the two sides at different positions', async () => {
    const { lines } = await writtenJournal()
    const event = JOURNALED.formatEvent({
      type: 'transfers-submitted',
      at: after(1),
      orders: [post(1, 11), hold(2, 20, { expiresAt: after(50) })],
    })
    const other = rewritten(lines, 2, event, SIGNER).slice(0, -1)
    const onlyLast = lines.filter((line, index) => !line.startsWith('{"checkpoint"') || index === lines.length - 1)
    expect((await check(onlyLast, other)).equivocations).toMatchObject([{ kind: 'forked' }])
  })
})

it('views accounts with what is held of them', async () => {
  const journal = await openJournal(createMemoryEventLog())
  await journal.append([
    ...EVENTS.slice(0, 3),
    { type: 'transfers-submitted', at: after(2), orders: [voidHeld(8, 2), hold(9, 30)] },
  ])
  const [view] = viewAccounts(pageAccounts(journal.state, {}).lines, journal.head)
  expect([view?.currency, view?.sumNanos]).toEqual([USD, '0'])
  expect(view?.accounts.find(({ id }) => id === account(ALICE))).toMatchObject({ heldNanos: '30', balanceNanos: '60' })
  expect(view?.accounts.find(({ id }) => id === account(ALICE, 'held'))).toMatchObject({
    heldNanos: '30',
    balanceNanos: '30',
  })
  expect(view?.accounts.find(({ id }) => id === account(ISSUER, 'issuer'))).toMatchObject({ balanceNanos: '-100' })
})
