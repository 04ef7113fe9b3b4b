import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { SetLineage } from '../../../src/core/notary/set-lineage.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import {
  formatCheckpoint,
  formatEntry,
  hashEntry,
  nameJournal,
  parseLine,
} from '../../../src/market/ledger/journal-line.ts'
import { JournalReader } from '../../../src/market/ledger/journal-reader.ts'
import { signCheckpoint } from '../../../src/market/ledger/sign-checkpoint.ts'
import { bumpEpoch } from '../../../src/market/notary/set/confirm-restored.ts'
import { journaledBooks, journalWordsOf } from '../../../src/market/notary/books/journaled-books.ts'
import { NotaryArchive } from '../../../src/market/notary/books/notary-archive.ts'
import { verifyStatementWith } from '../../../src/market/parties/contracts/contract-replay.ts'
import { verifyBooks } from '../../../src/node/market/copies/verify-books.ts'
import { verifyProofFile } from '../../../src/node/market/copies/verify-proof-file.ts'
import { encodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { LocalNotary, START } from '../../market/notary/local-notary.ts'
import {
  Deal,
  feeOwnerOf,
  issueUsd,
  PORTABLE_HASHES,
  Party,
  registerUsd,
  setOfParties,
  SKEW_MS,
} from '../../market/notary/settlement-builder.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-verify-'))
const verify = verifySignatureWith(createNodeVerifier())
let files = 0

function written(lines: readonly string[]): string {
  const path = join(folder, `copy-${(files += 1)}.jsonl`)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

async function linesOf({ log }: LocalNotary): Promise<string[]> {
  const lines: string[] = []
  for await (const { payload } of log.read(0)) lines.push(new TextDecoder().decode(payload))
  return lines
}

function readerOf(set: NotarySet, archive?: NotaryArchive) {
  const { hexOfText: hash, ofBytes } = PORTABLE_HASHES
  return new JournalReader({
    journaled: journaledBooks({ set, feeOwner: feeOwnerOf(set), hash, onStep: (step) => archive?.add(step) }),
    name: nameJournal(journalWordsOf(set), ofBytes),
    digest: ofBytes,
    verify: undefined,
  })
}

/** A checkpoint behind the entries of a copy, by whoever has a key. */
function signedBy(
  party: Party,
  set: NotarySet,
  { lines, at }: { readonly lines: readonly string[]; readonly at: number },
): string {
  const reader = readerOf(set)
  for (const line of lines) expect(reader.read(line).kind).not.toBe('bad')
  const content = reader.content(timestampFromMs(at))
  if (content === undefined) throw new TypeError('unreachable')
  return formatCheckpoint(signCheckpoint(content, createInlineSignatures().createSigner(party.seed)))
}

const isEntry = (line: string): boolean => parseLine(line).kind === 'entry'

/** Books of a lone notary whose log was handed on to another key, and what is known of both. */
async function handedOn() {
  const notary = new LocalNotary()
  const { set: first, member } = notary
  const deal = new Deal(first, { name: 'one', now: START })
  const service = await notary.open()
  for (const message of [registerUsd(START), issueUsd(deal.payer.did, 1_000n, { now: START }), ...deal.all])
    await service.submit(message)
  await service.stop()
  const old = await linesOf(notary)

  const { hexOfText: hash } = PORTABLE_HASHES
  const archive = new NotaryArchive({ clockSkewMs: SKEW_MS, hash })
  const reader = readerOf(first, archive)
  for (const line of old) reader.read(line)
  const block = archive.block(archive.slot)
  if (block === undefined) throw new TypeError('unreachable')
  const next = new Party('the next key')
  const made = createNotarySet({ epoch: 1, f: 0, members: [{ key: next.did, address: '/memory/notary-0' }] })
  if (made.kind === 'refused') throw new TypeError(made.code)
  const bump = await bumpEpoch({
    from: first,
    to: made.set,
    head: { slot: block.slot, block: hashOfBlock(block), at: block.at, state: block.state },
    sign: async (bytes) => await Promise.resolve(encodeSignature(member.sign(bytes))),
    verify: verifyStatementWith(verify),
  })
  if (bump.kind === 'refused') throw new TypeError(bump.code)
  const lineage: SetLineage = { set: made.set, before: [{ set: first, change: bump.change }] }
  notary.highWater = undefined
  const signatures = createInlineSignatures()
  const signer = signatures.createSigner(next.seed)
  const again = await notary.open({ set: made.set, before: lineage.before, feeOwner: next.did }, {
    signer,
    isRestored: false,
  } as never)
  await again.submit(issueUsd(deal.payer.did, 7n, { now: START }))
  const proof = await again.prove(0)
  await again.stop()
  return { first, member, next, lineage, old, whole: await linesOf(notary), proof, block }
}

describe('books whose log was handed on to another key', () => {
  test('are right as a whole, under the document of both sets', async () => {
    const { lineage, whole, next, proof } = await handedOn()
    const report = await verifyBooks({ path: written(whole), set: lineage })
    expect(report).toMatchObject({ ok: true, gaps: [], firstBad: null, coveredBy: [next.did] })
    expect(proof.checkpoint.checkpoint.signer).toBe(next.did)
    expect(await verifyProofFile(written([canonicalJson(proof)]), lineage)).toMatchObject({ ok: true })
  })

  test('that end before are no books of the set that keeps the log now, whoever of before signs them', async () => {
    const { first, member, lineage, old, block } = await handedOn()
    const entries = old.filter(isEntry)
    const later = START + 3_600_000
    for (const lines of [entries, entries.slice(0, -1)]) {
      const copy = [...lines, signedBy(member, first, { lines, at: later })]
      const report = await verifyBooks({ path: written(copy), set: lineage })
      expect(report).toMatchObject({ ok: false, firstBad: null, gaps: ['JOURNAL_BEFORE_CHANGE'], asOf: block.at })
      // As books of their time they are what they were.
      const before = { set: first, before: [] }
      expect(await verifyBooks({ path: written(copy), set: before })).toMatchObject({ ok: true, asOf: later })
    }
  })

  test('are signed behind the change by keys of the next set alone', async () => {
    const { first, member, lineage, whole } = await handedOn()
    const lines = whole.filter(isEntry)
    const copy = [...lines, signedBy(member, first, { lines, at: START + 3_600_000 })]
    const report = await verifyBooks({ path: written(copy), set: lineage })
    expect(report).toMatchObject({ ok: false, firstBad: { code: 'JOURNAL_SIGNER_RETIRED' } })
  })

  test('that contradict the signed end of the epoch are refused: another stamp, an entry less', async () => {
    const { first, member, lineage, old, whole, next } = await handedOn()
    const entries = old.filter(isEntry)
    const moved = rewritten(entries, first, (line, index) =>
      index === entries.length - 1 ? line.replaceAll(`"at":${START}`, `"at":${START + 5}`) : line,
    )
    const signed = [...moved, signedBy(member, first, { lines: moved, at: START + 100 })]
    expect(await verifyBooks({ path: written(signed), set: lineage })).toMatchObject({
      ok: false,
      firstBad: { code: 'JOURNAL_CHANGE_WRONG' },
    })
    // Even where the key of the new set signs it.
    const short = rewritten(whole.filter(isEntry), first, (line, index) => {
      if (index < entries.length - 1) return line
      return index === entries.length - 1
        ? undefined
        : line.replace(/"slot":(\d+)/, (_, slot: string) => `"slot":${Number(slot) - 1}`)
    })
    const copy = [...short, signedBy(next, first, { lines: short, at: START + 100 })]
    expect(await verifyBooks({ path: written(copy), set: lineage })).toMatchObject({
      ok: false,
      firstBad: { code: 'JOURNAL_CHANGE_WRONG' },
    })
  })

  test('are proven by checkpoints of the set that keeps the log now, and not by those of a key before', async () => {
    const { first, member, lineage, old } = await handedOn()
    const lines = old.filter(isEntry)
    const path = written([signedBy(member, first, { lines, at: START + 3_600_000 })])
    expect(await verifyProofFile(path, lineage)).toMatchObject({ ok: false, code: 'PROOF_SIGNER_RETIRED' })
    expect(await verifyProofFile(path, { set: first, before: [] })).toMatchObject({ ok: true, gaps: [] })
  })
})

/** Copies of the same books that members of a set have, each signed by its own member behind its last entry. */
async function copiesOf({ set, members }: ReturnType<typeof setOfParties>) {
  const [owner] = members
  if (owner === undefined) throw new TypeError('unreachable')
  const written = async (nanos: bigint): Promise<readonly string[]> => {
    const alone = new LocalNotary()
    const service = await alone.open()
    await service.submit(registerUsd(START))
    await service.submit(issueUsd(owner.did, nanos, { now: START }))
    await service.stop()
    return rewritten((await linesOf(alone)).filter(isEntry), set, (line) => line)
  }
  const lines = await written(5n)
  const copyOf = (member: number, part: readonly string[]): string => {
    const party = members[member]
    if (party === undefined) throw new TypeError('unreachable')
    return writtenSigned(part, signedBy(party, set, { lines: part, at: START + 10 }))
  }
  return {
    lineage: { set, before: [] },
    lines,
    other: await written(6n),
    didOf: (member: number) => members[member]?.did,
    copyOf,
  }
}

function writtenSigned(lines: readonly string[], checkpoint: string): string {
  return written([...lines, checkpoint])
}

describe('books of a set of four', () => {
  test('are covered by two members, of which one is honest, and not by one', async () => {
    const { lineage, lines, copyOf, didOf } = await copiesOf(setOfParties(1))
    const most = lines.length - 1
    const path = copyOf(0, lines)
    expect(await verifyBooks({ path, set: lineage })).toMatchObject({
      ok: false,
      firstBad: null,
      covered: 0,
      gaps: ['JOURNAL_SIGNERS_FEW'],
    })
    expect(await verifyBooks({ path, set: lineage, against: [copyOf(1, lines.slice(0, most))] })).toMatchObject({
      ok: false,
      covered: most,
      uncovered: { first: most, last: most },
    })
    expect(await verifyBooks({ path, set: lineage, against: [copyOf(1, lines)] })).toMatchObject({
      ok: true,
      covered: lines.length,
      gaps: [],
      coveredBy: [didOf(0), didOf(1)],
    })
    expect(await verifyBooks({ path, set: lineage, against: [copyOf(0, lines)] })).toMatchObject({ ok: false })
  })
})

describe('books of a set of seven', () => {
  test('are right with the copies of three members, and not with those of two, however often they are given', async () => {
    const { lineage, lines, copyOf, didOf } = await copiesOf(setOfParties(2))
    const path = copyOf(0, lines)
    const [one, two] = [copyOf(1, lines), copyOf(2, lines)]
    const few = { ok: false, firstBad: null, covered: 0, gaps: ['JOURNAL_SIGNERS_FEW'] }
    for (const against of [[], [one], [one, one], [one, path, one, path]])
      expect(await verifyBooks({ path, set: lineage, against })).toMatchObject(few)
    const report = await verifyBooks({ path, set: lineage, against: [one, two] })
    const same = { ok: true, fork: { kind: 'same' }, covered: lines.length, signedBoth: [], partsFrom: null }
    expect(report).toMatchObject({
      ok: true,
      gaps: [],
      covered: lines.length,
      coveredBy: [didOf(0), didOf(1), didOf(2)],
      against: [same, same],
    })
    expect(report.asOf).toBe(START + 10)
  })

  test('are covered as far as the third of the members has signed', async () => {
    const { lineage, lines, copyOf } = await copiesOf(setOfParties(2))
    const most = lines.length - 1
    const against = [copyOf(1, lines), copyOf(2, lines.slice(0, most))]
    expect(await verifyBooks({ path: copyOf(0, lines), set: lineage, against })).toMatchObject({
      ok: false,
      covered: most,
      uncovered: { first: most, last: most },
      against: [{ fork: { kind: 'same' } }, { fork: { kind: 'behind', behindBy: 1 } }],
    })
  })

  test('are not covered by a copy of other entries, which is named with whoever has signed both', async () => {
    const { lineage, lines, other, copyOf, didOf } = await copiesOf(setOfParties(2))
    const against = [copyOf(1, lines), copyOf(2, other), copyOf(1, other)]
    const report = await verifyBooks({ path: copyOf(0, lines), set: lineage, against })
    // Behind the rules, with which all books begin.
    const at = 1
    expect(report).toMatchObject({
      ok: false,
      covered: 0,
      against: [
        { ok: true, fork: { kind: 'same' } },
        { ok: false, fork: { kind: 'forked', at }, signedBoth: [] },
        { ok: false, fork: { kind: 'forked', at }, signedBoth: [didOf(1)] },
      ],
      equivocations: [{ signer: didOf(1) }],
      splitViews: [{ signer: didOf(1) }],
    })
  })
})

/** The entries written anew, so that the chain holds again. */
function rewritten(
  lines: readonly string[],
  set: NotarySet,
  change: (line: string, index: number) => string | undefined,
): string[] {
  let prev = nameJournal(journalWordsOf(set), PORTABLE_HASHES.ofBytes)
  let index = 0
  return lines.flatMap((line, place) => {
    const changed = change(line, place)
    const read = changed === undefined ? undefined : parseLine(changed)
    if (read?.kind !== 'entry') return []
    const made = formatEntry({ index, prev, at: read.at }, canonicalJson(read.event))
    prev = hashEntry(made)
    index += 1
    return [made]
  })
}
