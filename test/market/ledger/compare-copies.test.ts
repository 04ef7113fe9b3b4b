import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CopyComparison } from '../../../src/market/ledger/compare-copies.ts'
import { findEquivocations } from '../../../src/market/ledger/compare-journals.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { readCopy } from '../../../src/market/ledger/read-copy.ts'
import { signCheckpoint } from '../../../src/market/ledger/sign-checkpoint.ts'
import { isSplitViewProven } from '../../../src/market/ledger/split-view.ts'
import { verifyJournal } from '../../../src/market/ledger/verify-journal.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { signerOfKey } from '../../../src/wire/v1/checkpoint.ts'
import {
  after,
  ALICE,
  evidence,
  idOf,
  ISSUER,
  nanos,
  post,
  RECOVERY,
  START,
  USD,
} from '../../core/ledger/ledger-builder.ts'

const NAME = nameJournal('test')
const JOURNALED = journaledLedger({ at: START })
const verify = verifySignatureWith(createNodeVerifier())
const [ANN, BEN, CAT] = [1, 2, 3].map((byte) => createInlineSignatures().createSigner(new Uint8Array(32).fill(byte)))
if (ANN === undefined || BEN === undefined || CAT === undefined) throw new TypeError('unreachable')
const [ann, ben, cat] = [ANN, BEN, CAT].map(({ publicKeyHex }) => signerOfKey(publicKeyHex))

const BEGINNING: readonly LedgerEvent[] = [
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
]

/** What is booked behind the beginning, one entry for each amount. */
type Story = readonly number[]

/** The copy of a signer, with its checkpoints behind these entries. */
async function copyOf(signer: typeof ANN, story: Story, signed: readonly number[]): Promise<readonly string[]> {
  if (signer === undefined) throw new TypeError('unreachable')
  const journal = await MachineJournal.open({ log: createMemoryEventLog(), journaled: JOURNALED, signer }, NAME)
  const spent = story.map((amount, index): LedgerEvent => ({
    type: 'transfers-submitted',
    at: after(index + 1),
    orders: [post(index + 1, amount)],
  }))
  for (const [index, event] of [...BEGINNING, ...spent].entries()) {
    await journal.append([event])
    if (signed.includes(index + 1)) await journal.checkpoint(event.at)
  }
  const lines: string[] = []
  for await (const line of journal.lines()) lines.push(line)
  return lines
}

async function* streamOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines
}

async function check(lines: readonly string[], ...others: readonly (readonly string[])[]) {
  return await verifyJournal(streamOf(lines), { journaled: JOURNALED, verify, against: others.map(streamOf) })
}

describe('several copies beside the first', () => {
  it('show a fork in any of them, and who has signed both sides in whichever copies', async () => {
    const first = await copyOf(ANN, [1, 2, 3], [5])
    const same = await copyOf(BEN, [1, 2, 3], [5])
    const forked = await copyOf(BEN, [1, 9, 3, 4], [6])
    for (const others of [
      [same, forked],
      [forked, same],
    ]) {
      const report = await check(first, ...others)
      const [agrees, parts] = others[0] === same ? report.against : report.against.toReversed()
      expect(agrees).toMatchObject({ ok: true, fork: { kind: 'same' }, signedBoth: [], partsFrom: null })
      expect(parts).toMatchObject({ ok: false, fork: { kind: 'forked', at: 3 }, signedBoth: [ben], partsFrom: null })
      expect(report).toMatchObject({ ok: false, firstBad: null, equivocations: [{ signer: ben, kind: 'forked' }] })
      const [view] = report.splitViews
      expect(view !== undefined && isSplitViewProven(view, verify)).toBe(true)
    }
    const alone = await check(first, forked)
    expect(alone).toMatchObject({ ok: false, against: [{ signedBoth: [] }], equivocations: [], splitViews: [] })
  })

  it('convict whoever has signed two of them that both part from the first', async () => {
    const first = await copyOf(ANN, [1, 2, 3], [5])
    const report = await check(first, await copyOf(CAT, [7, 2, 3], [5]), await copyOf(CAT, [7, 2, 8, 4], [6]))
    expect(report).toMatchObject({
      ok: false,
      against: [
        { fork: { kind: 'forked', at: 2 }, signedBoth: [] },
        { fork: { kind: 'forked', at: 2 }, signedBoth: [] },
      ],
      equivocations: [{ signer: cat, kind: 'forked' }],
    })
    const [view] = report.splitViews
    expect(view?.entry?.index).toBe(4)
    expect(view !== undefined && isSplitViewProven(view, verify)).toBe(true)
  })

  it('are not right where two of them part behind the end of the first', async () => {
    const first = await copyOf(ANN, [1, 2], [4])
    const [one, two] = [await copyOf(BEN, [1, 2, 3, 4], [6]), await copyOf(CAT, [1, 2, 3, 5, 6], [7])]
    const report = await check(first, first, one, two)
    expect(report).toMatchObject({
      ok: false,
      firstBad: null,
      gaps: ['JOURNAL_SET_UNNAMED'],
      // Who has signed more entries has not signed that these are all.
      coveredBy: [ann],
      equivocations: [],
      against: [
        { ok: true, fork: { kind: 'same' }, partsFrom: null },
        { ok: true, fork: { kind: 'behind', which: 'first', behindBy: 2 }, partsFrom: null },
        { ok: false, fork: { kind: 'behind', which: 'first', behindBy: 3 }, partsFrom: { copy: 1, at: 5 } },
      ],
    })
    const both = await check(first, one, await copyOf(BEN, [1, 2, 3, 5, 6], [7]))
    expect(both.equivocations).toMatchObject([{ signer: ben, kind: 'forked' }])
    const [view] = both.splitViews
    expect(view !== undefined && isSplitViewProven(view, verify)).toBe(true)
  })

  it('each count up to their first bad line, and keep the first from being right', async () => {
    const first = await copyOf(ANN, [1, 2, 3], [5])
    const signed = await copyOf(BEN, [1, 2, 3], [3, 5])
    const bad = [...signed.slice(0, -2), 'no entry']
    const report = await check(first, await copyOf(CAT, [1, 2, 3], [5]), bad)
    expect(report).toMatchObject({
      ok: false,
      firstBad: null,
      covered: 5,
      coveredBy: [ann, cat],
      against: [
        { ok: true, firstBad: null },
        { ok: false, firstBad: { code: 'JOURNAL_LINE_MALFORMED', index: 4 }, fork: { kind: 'behind', behindBy: 1 } },
      ],
    })
  })

  it('hold each entry that they share once', async () => {
    const read = async (lines: readonly string[]) => await readCopy(streamOf(lines), { journaled: JOURNALED, verify })
    const comparison = new CopyComparison(await read(await copyOf(ANN, [1, 2], [4])))
    for (const story of [[1, 2], [1, 2, 3], [1]]) comparison.add(await read(await copyOf(BEN, story, [])))
    expect(comparison.histories.map(({ hashes }) => hashes.length)).toEqual([5])
    comparison.add(await read(await copyOf(CAT, [1, 9, 9], [])))
    comparison.add(await read(await copyOf(CAT, [1, 9, 9, 9], [])))
    expect(comparison.histories.map(({ hashes }) => hashes.length)).toEqual([5, 6])
    expect(comparison.others.map(({ branch, entries }) => [branch, entries])).toEqual([
      [0, 4],
      [0, 5],
      [0, 3],
      [1, 5],
      [1, 6],
    ])
  })

  it('contradict each other by the state too, whatever a third one leaves out', () => {
    const content = { journal: NAME, entries: 3, head: NAME, root: NAME, balances: NAME, at: after(1) }
    const states = [undefined, nameJournal('one'), nameJournal('two')]
    const journals = states.map((state) => ({
      hashes: [],
      checkpoints: [signCheckpoint({ ...content, ...(state !== undefined && { state }) }, ANN)],
    }))
    expect(findEquivocations(journals)).toMatchObject([{ equivocation: { signer: ann, kind: 'same-position' } }])
    expect(findEquivocations(journals.slice(0, 2))).toEqual([])
  })
})
