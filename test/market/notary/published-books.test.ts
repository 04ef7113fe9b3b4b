import { describe, expect, test } from 'vitest'
import { durationFromMs } from '../../../src/base/time.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { formatEntry, hashEntry, nameJournal, parseLine } from '../../../src/market/ledger/journal-line.ts'
import { verifyJournal } from '../../../src/market/ledger/verify-journal.ts'
import { faultOfProof } from '../../../src/market/ledger/verify-proof.ts'
import { BooksAudit } from '../../../src/market/notary/books/audit-books.ts'
import { journaledBooks, journalWordsOf } from '../../../src/market/notary/books/journaled-books.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { readJournalProof } from '../../../src/wire/v1/journal-proofs.ts'
import { LocalNotary, START } from './local-notary.ts'
import { Deal, issueUsd, registerUsd, RULES, SKEW_MS } from './settlement-builder.ts'

const verify = verifySignatureWith(createNodeVerifier())

async function settled() {
  const notary = new LocalNotary()
  const service = await notary.open()
  const deal = new Deal(notary.set, { name: 'one', now: START })
  for (const message of [registerUsd(START), issueUsd(deal.payer.did, 1_000n, { now: START }), ...deal.all])
    expect((await service.submit(message)).effect).toBe('applied')
  return { notary, service, deal }
}

async function linesOf({ log }: LocalNotary): Promise<string[]> {
  const lines: string[] = []
  for await (const { payload } of log.read(0)) lines.push(new TextDecoder().decode(payload))
  return lines
}

async function* streamOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  for (const line of lines) yield await Promise.resolve(line)
}

async function check(
  notary: LocalNotary,
  lines: readonly string[],
  { isNamed = true, against = [] as readonly string[] } = {},
) {
  const { set } = notary
  const audit = { verify, clockSkewMs: durationFromMs(SKEW_MS), members: 1, parameters: [{ name: 'known', ...RULES }] }
  return await verifyJournal(streamOf(lines), {
    journaled: journaledBooks({ set, feeOwner: notary.member.did }),
    verify,
    audit: () => new BooksAudit(audit),
    ...(isNamed && { signers: set.members.map(({ key }) => key), name: nameJournal(journalWordsOf(set)) }),
    ...(against.length > 0 && { against: [streamOf(against)] }),
  })
}

/** The copy as whoever holds it might write it anew: the chain holds again, and nobody has signed it. */
function forged(notary: LocalNotary, lines: readonly string[], change: (line: string) => string | undefined): string[] {
  let prev = nameJournal(journalWordsOf(notary.set))
  let index = 0
  return lines.flatMap((line) => {
    const changed = change(line)
    const read = changed === undefined ? undefined : parseLine(changed)
    if (read?.kind !== 'entry') return []
    const made = formatEntry({ index, prev, at: read.at }, JSON.stringify(read.event))
    prev = hashEntry(made)
    index += 1
    return [made]
  })
}

describe('the books that a notary publishes', () => {
  test('end with its signature when it stops, and cover every entry', async () => {
    const { notary, service } = await settled()
    await service.stop()
    const lines = await linesOf(notary)
    const report = await check(notary, lines)
    expect(report).toMatchObject({
      ok: true,
      covered: report.entries,
      uncovered: null,
      coveredBy: [notary.member.did],
      checkpoints: 1,
      gaps: [],
      audit: { parameters: [{ hash: RULES.hash, publishedBy: 'notary', name: 'known' }] },
    })
    expect(report.signaturesChecked).toBe(report.envelopeSignatures + 1)
    // Nine messages, and the joint signatures of two that the contract carries.
    expect(report.envelopeSignatures).toBe(11)
    const restarted = await notary.open()
    await restarted.stop()
    expect(await linesOf(notary)).toEqual(lines)
  })

  test('are signed a while after the last entry, and behind so many of them', async () => {
    const { notary } = await settled()
    expect((await linesOf(notary)).filter((line) => line.startsWith('{"checkpoint"'))).toHaveLength(0)
    await notary.pass(30_000)
    const lines = await linesOf(notary)
    expect(lines.at(-1)).toMatch(/^\{"checkpoint"/)
    expect((await check(notary, lines)).ok).toBe(true)
    const idle = new LocalNotary()
    await (await idle.open()).submit(registerUsd(START))
    await idle.pass(30_000)
    const count = (await linesOf(idle)).length
    await idle.pass(3_600_000)
    expect(await linesOf(idle)).toHaveLength(count)
    const busy = new LocalNotary()
    const service = await busy.open({ checkpoints: { entries: 4, quietMs: 3_600_000, askedMs: 5_000 } })
    for (let number = 0; number < 8; number += 1)
      await service.submit(
        number === 0 ? registerUsd(START) : issueUsd(busy.member.did, BigInt(number), { now: START }),
      )
    const signed = (await linesOf(busy)).flatMap((line) => (line.startsWith('{"checkpoint"') ? [parseLine(line)] : []))
    expect(signed.map((line) => line.kind === 'checkpoint' && line.signed.checkpoint.entries)).toEqual([4, 8])
  })

  test('are not called right where too little is signed, and the entries are named', async () => {
    const { notary, service } = await settled()
    await service.checkpoint()
    const last = await service.submit(issueUsd(notary.member.did, 5n, { now: START }))
    expect(last.effect).toBe('applied')
    const lines = await linesOf(notary)
    const entries = lines.filter((line) => line.startsWith('{"at"'))
    expect(await check(notary, lines)).toMatchObject({
      ok: false,
      firstBad: null,
      covered: entries.length - 1,
      uncovered: { first: entries.length - 1, last: entries.length - 1 },
      gaps: ['JOURNAL_TAIL_UNCOVERED'],
    })
    expect(await check(notary, entries)).toMatchObject({ ok: false, covered: 0, gaps: ['JOURNAL_UNSIGNED'] })
    expect(await check(notary, entries.slice(0, 3))).toMatchObject({ ok: false, gaps: ['JOURNAL_UNSIGNED'] })
    expect(await check(notary, [])).toMatchObject({ ok: false, entries: 0, gaps: ['JOURNAL_EMPTY'] })
    expect(await check(notary, lines.slice(0, -1), { isNamed: false })).toMatchObject({
      ok: true,
      gaps: ['JOURNAL_SET_UNNAMED'],
    })
  })

  test('tell a forged signature, stamp, order and rule by codes of their own', async () => {
    const { notary, service } = await settled()
    await service.stop()
    const lines = await linesOf(notary)
    const flipped = (line: string): string =>
      line.includes('"envelope":{')
        ? line.replace(/("signature":")(.)/, (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A'))
        : line
    // All but the first block, whose rules have no message to be late.
    const late = (line: string): string =>
      line.includes('"slot":1}')
        ? line
        : line.replace(/^(\{"at":)(\d+)(,"event":\{"at":)(\d+)/, (_, a: string, at: string, c: string) => {
            const moved = String(Number(at) + 400 * 86_400_000)
            return a + moved + c + moved
          })
    const cases: readonly (readonly [(line: string) => string, string])[] = [
      [flipped, 'JOURNAL_ENVELOPE_SIGNATURE_WRONG'],
      [late, 'JOURNAL_ENVELOPE_TIME_WRONG'],
      [(line) => line.replace('"slot":3', '"slot":99'), 'JOURNAL_SLOT_WRONG'],
      [(line) => line.replace('"slot":4', '"slot":1'), 'JOURNAL_SLOT_WRONG'],
      [(line) => line.replace(/"acceptMs":\d+/, '"acceptMs":1'), 'JOURNAL_PARAMETERS_WRONG'],
    ]
    for (const [change, code] of cases)
      expect((await check(notary, forged(notary, lines, change))).firstBad?.code).toBe(code)
    const dropped = forged(notary, lines, (line) => (line.includes('"escrow-accept"') ? undefined : line))
    expect(await check(notary, dropped)).toMatchObject({ ok: false, firstBad: null, gaps: ['JOURNAL_UNSIGNED'] })
  })

  test('convict a key that has signed two of them, by a document that needs neither', async () => {
    const one = await settled()
    await one.service.stop()
    const two = new LocalNotary()
    const other = await two.open()
    await other.submit(registerUsd(START))
    await other.submit(issueUsd(two.member.did, 3n, { now: START }))
    await other.stop()
    const report = await check(one.notary, await linesOf(one.notary), { against: await linesOf(two) })
    expect(report).toMatchObject({ ok: false, against: [{ fork: { kind: 'forked' } }] })
    const [view] = report.splitViews
    expect(view).toMatchObject({ signer: one.notary.member.did, entry: { index: 1 } })
    const read = readJournalProof(JSON.parse(JSON.stringify(view)))
    expect(read && faultOfProof(read, { verify, signers: [one.notary.member.did] })).toBeUndefined()
    if (read?.kind !== 'split-view' || read.proof.entry === undefined) throw new TypeError('unreachable')
    const { entry, checkpoints } = read.proof
    const innocent = { ...read.proof, checkpoints: [checkpoints[0], checkpoints[0]] as const, entry: undefined }
    const sameHash = { ...read.proof, entry: { ...entry, hashes: [entry.hashes[0], entry.hashes[0]] as const } }
    const wrongPath = { ...read.proof, entry: { ...entry, index: entry.index - 1 } }
    for (const proof of [innocent, sameHash, wrongPath])
      expect(faultOfProof({ kind: 'split-view', proof }, { verify })).toBe('PROOF_CONVICTS_NOBODY')
  })
})

describe('what a notary is asked for', () => {
  async function recordsAfter(service: NotaryService, notary: LocalNotary): Promise<number> {
    for (let count = 0; count < 100; count += 1) await service.checkpoint()
    return (await linesOf(notary)).filter((line) => line.startsWith('{"checkpoint"')).length
  }

  test('a checkpoint again and again does not grow the journal', async () => {
    const { notary, service, deal } = await settled()
    expect(await recordsAfter(service, notary)).toBe(1)
    await service.submit(issueUsd(deal.worker.did, 1n, { now: START }))
    expect(await recordsAfter(service, notary)).toBe(1)
    await notary.pass(5_000)
    expect(await recordsAfter(service, notary)).toBe(2)
    await service.submit(issueUsd(deal.worker.did, 2n, { now: START }))
    const fresh = await service.checkpoint({ isFresh: true })
    expect(fresh.checkpoint.entries).toBe(((await service.accounts()).ledgers[0]?.head?.index ?? Number.NaN) + 1)
  })

  test('proofs carry the signed checkpoint that they lead to', async () => {
    const { notary, service } = await settled()
    const first = await service.checkpoint()
    await notary.pass(5_000)
    await service.submit(issueUsd(notary.member.did, 7n, { now: START }))
    const { entries } = first.checkpoint
    const proof = await service.prove(entries)
    const growth = await service.proveGrowth(entries)
    expect(proof.checkpoint.checkpoint.entries).toBe(entries + 1)
    expect(growth).toMatchObject({ from: entries, to: entries + 1, fromRoot: first.checkpoint.root })
    const { checkpoint: _signed, ...beginning } = growth
    expect(await service.proveBeginning({ from: entries, to: entries + 1 })).toEqual(beginning)
    await expect(service.proveBeginning({ from: entries, to: entries + 2 })).rejects.toMatchObject({
      code: 'LEDGER_ENTRY_UNKNOWN',
    })
    const signers = [notary.member.did]
    for (const document of [proof, growth, first]) {
      const read = readJournalProof(JSON.parse(JSON.stringify(document)))
      expect(read && faultOfProof(read, { verify, signers })).toBeUndefined()
      expect(read && faultOfProof(read, { verify, signers: [] })).toBe('PROOF_SIGNER_UNKNOWN')
    }
    const other = { ...proof, entry: proof.entry.replace('"at":', '"At":') }
    expect(faultOfProof({ kind: 'inclusion', proof: other }, { verify })).toBe('PROOF_PATH_WRONG')
    const unsigned = { ...proof, checkpoint: { ...proof.checkpoint, signature: first.signature } }
    expect(faultOfProof({ kind: 'inclusion', proof: unsigned }, { verify })).toBe('PROOF_SIGNATURE_WRONG')
    await expect(service.prove(entries + 1)).rejects.toMatchObject({ code: 'LEDGER_ENTRY_UNKNOWN' })
  })
})
