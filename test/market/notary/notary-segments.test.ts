import { describe, expect, test } from 'vitest'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { JournalFolder } from '../../../src/market/ledger/journal-folder.ts'
import { readBeginning } from '../../../src/market/ledger/journal-segments.ts'
import { verifyJournal } from '../../../src/market/ledger/verify-journal.ts'
import { journaledBooks } from '../../../src/market/notary/books/journaled-books.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { NotaryServiceInit } from '../../../src/market/notary/notary-service-init.ts'
import { FaultyFileSystem } from '../../../src/testing/faulty-file-system.ts'
import { LocalNotary, START } from './local-notary.ts'
import { Deal, issueUsd, registerUsd } from './settlement-builder.ts'

const verify = verifySignatureWith(createNodeVerifier())

/** A notary that closes a segment behind every fourth entry. */
class SegmentedNotary {
  readonly notary = new LocalNotary()
  readonly disk = new FaultyFileSystem()
  /** From which record on the log was read at the last start. */
  readFrom = -1

  async open(init: Partial<NotaryServiceInit> = {}): Promise<NotaryService> {
    const folder = await JournalFolder.open(this.disk, '/segments')
    const { log } = this.notary
    const read = log.read.bind(log)
    let isFirst = true
    log.read = (from) => {
      if (isFirst) this.readFrom = from
      isFirst = false
      return read(from)
    }
    return await this.notary.open({ segments: { entries: 4, atStop: 1, rowsPerEntry: 1_000 }, ...init }, { folder })
  }

  async lines(): Promise<string[]> {
    const lines: string[] = []
    const { log } = this.notary
    const folder = JournalFolder.at(this.disk, '/segments')
    if (log.snapshot !== undefined)
      for await (const line of readBeginning(folder, log.snapshot.payload)) lines.push(line)
    for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0))
      lines.push(new TextDecoder().decode(payload))
    return lines
  }

  async check(lines: readonly string[]) {
    const stream = async function* (): AsyncGenerator<string, void, undefined> {
      for (const line of lines) yield await Promise.resolve(line)
    }
    const { set, member } = this.notary
    return await verifyJournal(stream(), {
      journaled: journaledBooks({ set, feeOwner: member.did }),
      verify,
      signers: [member.did],
    })
  }
}

async function settled() {
  const world = new SegmentedNotary()
  await world.disk.makeDirectory('/archive')
  const service = await world.open()
  const deal = new Deal(world.notary.set, { name: 'one', now: START })
  const messages = [registerUsd(START), issueUsd(deal.payer.did, 1_000n, { now: START }), ...deal.all]
  const answers = []
  for (const message of messages) answers.push(await service.submit(message))
  return { world, service, deal, messages, answers }
}

describe('a notary whose journal has segments', () => {
  test('starts from the newest, and answers as if it had read all', async () => {
    const { world, service, deal, messages, answers } = await settled()
    const view = await service.contract(deal.contract)
    const evidence = await service.evidence(deal.contract)
    const accounts = await service.accounts()
    await service.stop()
    const again = await world.open()
    expect(world.readFrom).toBeGreaterThan(10)
    for (const [index, message] of messages.entries())
      expect(await again.submit(message)).toEqual({ ...answers[index], effect: 'exists' })
    expect(await again.contract(deal.contract)).toEqual(view)
    expect(await again.evidence(deal.contract)).toEqual(evidence)
    expect(await again.accounts()).toEqual(accounts)
    expect((await again.submit(issueUsd(deal.worker.did, 1n, { now: START }))).effect).toBe('applied')
    await again.stop()
    const report = await world.check(await world.lines())
    expect(report).toMatchObject({ ok: true, covered: report.entries })
  })

  test('reads from the segment before where the newest state is damaged, and from the first entry at last', async () => {
    const { world, service, messages } = await settled()
    await service.stop()
    const states = (await world.disk.list('/segments')).filter((name) => name.startsWith('state-')).toSorted()
    expect(states).toHaveLength(2)
    const starts = []
    for (const name of states.toReversed()) {
      world.disk.flipByte(`/segments/${name}`, 30)
      const again = await world.open({ segments: { entries: 1_000, atStop: 1_000, rowsPerEntry: 1 } })
      starts.push(world.readFrom)
      for (const message of messages) expect((await again.submit(message)).effect).toBe('exists')
      await again.stop()
    }
    expect(starts[0]).toBeGreaterThan(0)
    expect(starts[1]).toBe(0)
  })

  test('prunes what nobody can ask for, and keeps the evidence of contracts', async () => {
    const { world, service, deal, messages, answers } = await settled()
    // Its end comes by the stamp, and has no envelope.
    await world.notary.pass(600_000)
    expect((await service.contract(deal.contract))?.state).toBe('FINAL')
    const evidence = await service.evidence(deal.contract)
    const whole = await world.lines()
    const due = await service.prune({ archive: '/archive/old.jsonl', isDry: true })
    expect(due).toMatchObject({ entries: 11, dropped: 4, kept: 7, cut: 11 })
    expect(await world.lines()).toEqual(whole)
    expect(await service.prune({ archive: '/archive/old.jsonl', isDry: false })).toEqual(due)
    expect((await service.submit(issueUsd(deal.worker.did, 1n, { now: START }))).effect).toBe('applied')
    await service.stop()
    const again = await world.open()
    expect(await again.evidence(deal.contract)).toEqual(evidence)
    for (const [index, message] of messages.entries())
      expect((await again.submit(message)).receipt).toEqual(answers[index]?.receipt)
    await expect(again.prove(1)).rejects.toMatchObject({ code: 'LEDGER_ENTRY_PRUNED' })
    await again.prune({ archive: undefined, isDry: false })
    expect(await again.evidence(deal.contract)).toEqual(evidence)
    await again.stop()
    const lines = await world.lines()
    expect(lines[0]).toContain('"cut"')
    expect(await world.check(lines)).toMatchObject({ ok: true, entries: 12, gaps: ['JOURNAL_BEGINNING_PRUNED'] })
    const archive = await world.disk.open('/archive/old.jsonl', { mode: 'read' })
    const old = new TextDecoder().decode(await archive.read(0, await archive.size())).split('\n')
    expect(old.slice(0, whole.length)).toEqual(whole)
  })

  test('prunes nothing into a folder that is not there, or without a place for segments', async () => {
    const { service } = await settled()
    await expect(service.prune({ archive: '/nowhere/old.jsonl', isDry: false })).rejects.toThrow()
    const bare = await new LocalNotary().open()
    await expect(bare.prune({ archive: undefined, isDry: true })).rejects.toMatchObject({
      code: 'LEDGER_SEGMENTS_MISSING',
    })
  })
})
