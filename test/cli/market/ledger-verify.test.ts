import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { LocalNotary, START } from '../../market/notary/local-notary.ts'
import { issueUsd, registerUsd } from '../../market/notary/settlement-builder.ts'
import { type InProcessRun, runInProcess } from '../run-in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'kernell-books-'))

async function kernell(...words: readonly string[]): Promise<InProcessRun> {
  return await runInProcess(words, { workingDir: folder })
}

/** Books of a notary that has issued so much, as it leaves them. */
async function writeBooks(name: string, nanos: bigint): Promise<LocalNotary> {
  const notary = new LocalNotary()
  const service = await notary.open()
  await service.submit(registerUsd(START))
  await service.submit(issueUsd(notary.member.did, nanos, { now: START }))
  await service.stop()
  const lines: string[] = []
  for await (const { payload } of notary.log.read(0)) lines.push(new TextDecoder().decode(payload))
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  return notary
}

let signer = ''
beforeAll(async () => {
  const notary = await writeBooks('one.jsonl', 5n)
  await writeBooks('two.jsonl', 6n)
  signer = notary.member.did
  writeFileSync(join(folder, 'set.json'), JSON.stringify(notary.set))
})

describe('kernell ledger verify', () => {
  test('says what was checked and what was not', async () => {
    const named = await kernell('ledger', 'verify', 'one.jsonl', '--notary-set', 'set.json')
    expect([named.exitCode, named.output]).toEqual([0, expect.stringMatching(/^The books are right\n/)])
    const unnamed = await kernell('ledger', 'verify', 'one.jsonl')
    expect(unnamed.output).toContain('whose books it is, nothing says')
    expect(unnamed.output).toContain('JOURNAL_SET_UNNAMED')
    const lines = readFileSync(join(folder, 'one.jsonl'), 'utf8').trimEnd().split('\n')
    writeFileSync(join(folder, 'cut.jsonl'), lines.slice(0, -1).join('\n'))
    const cut = await kernell('ledger', 'verify', 'cut.jsonl', '--notary-set', 'set.json')
    expect([cut.exitCode, cut.output]).toEqual([
      1,
      expect.stringMatching(/^Nothing is wrong, and too little is signed/),
    ])
    expect(cut.output).toContain('not signed   entries 0 to 2')
    writeFileSync(join(folder, 'empty.jsonl'), '')
    const empty = await kernell('ledger', 'verify', 'empty.jsonl', '--notary-set', 'set.json')
    expect([empty.exitCode, empty.output]).toEqual([1, expect.stringContaining('JOURNAL_EMPTY')])
  })

  test('makes a document of two copies that convicts whoever has signed both, and reads it', async () => {
    const parted = await kernell('ledger', 'verify', 'one.jsonl', '--against', 'two.jsonl', '--output', 'both.json')
    expect([parted.exitCode, parted.output]).toEqual([
      1,
      expect.stringContaining(`${signer} has signed two different books`),
    ])
    const proof = await kernell('ledger', 'verify', 'both.json', '--notary-set', 'set.json', '--json')
    expect([proof.exitCode, proof.json()]).toMatchObject([0, { ok: true, proof: 'split-view', signer, gaps: [] }])
    const told = await kernell('ledger', 'verify', 'both.json')
    expect(told.output).toContain(`The proof holds: ${signer} has signed two journals`)
    const document = JSON.parse(readFileSync(join(folder, 'both.json'), 'utf8')) as Record<string, unknown>
    const [first] = document['checkpoints'] as readonly unknown[]
    writeFileSync(join(folder, 'none.json'), JSON.stringify({ ...document, checkpoints: [first, first] }))
    const none = await kernell('ledger', 'verify', 'none.json', '--json')
    expect([none.exitCode, none.json()]).toMatchObject([1, { ok: false, code: 'PROOF_CONVICTS_NOBODY' }])
  })
  test('holds a copy against several others, and has a line for each', async () => {
    writeFileSync(join(folder, 'again.jsonl'), readFileSync(join(folder, 'one.jsonl')))
    const lines = readFileSync(join(folder, 'one.jsonl'), 'utf8').trimEnd().split('\n')
    writeFileSync(join(folder, 'short.jsonl'), lines.slice(0, 1).join('\n'))
    const agreed = await kernell('ledger', 'verify', 'one.jsonl', '--against', 'again.jsonl', 'short.jsonl')
    expect(agreed.exitCode).toBe(0)
    expect(agreed.output).toContain('against      again.jsonl: the same 3 entries\n')
    expect(agreed.output).toContain('against      short.jsonl: the first 1 entries, and ends 2 earlier')
    const longer = await kernell('ledger', 'verify', 'short.jsonl', '--against', 'one.jsonl', '--against', 'two.jsonl')
    expect(longer.exitCode).toBe(1)
    expect(longer.output).toMatch(/^The books are NOT right\n/)
    expect(longer.output).toContain('against      one.jsonl: begins with the 1 entries, and goes on for 2\n')
    expect(longer.output).toContain('two.jsonl: begins with the 1 entries, and goes on for 2; parts from one.jsonl at')
    const parted = ['ledger', 'verify', 'one.jsonl', '--against', 'again.jsonl', '--against', 'two.jsonl'] as const
    const told = await kernell(...parted)
    expect(told.exitCode).toBe(1)
    expect(told.output).toContain('against      again.jsonl: the same 3 entries\n')
    expect(told.output).toContain(`against      two.jsonl: parts at entry 1; signed on both sides by ${signer}`)
    const json = await kernell(...parted, '--json')
    expect(json.json()).toMatchObject({
      ok: false,
      against: [
        { ok: true, entries: 3, fork: { kind: 'same' }, signedBoth: [], partsFrom: null },
        { ok: false, entries: 3, fork: { kind: 'forked', at: 1 }, signedBoth: [signer], partsFrom: null },
      ],
    })
  })

  test('takes a copy of each other member of the largest set, and no more', async () => {
    const many = Array.from({ length: 100 }, () => 'one.jsonl')
    const refused = await kernell('ledger', 'verify', 'one.jsonl', '--against', ...many)
    expect([refused.exitCode, refused.errors]).toEqual([2, expect.stringContaining('99 copies at most')])
    const taken = await kernell('ledger', 'verify', 'one.jsonl', '--against', ...many.slice(1))
    expect(taken.exitCode).toBe(0)
    const absent = await kernell('ledger', 'verify', 'one.jsonl', '--against', 'two.jsonl', 'absent.jsonl')
    expect([absent.exitCode, absent.errors]).toEqual([2, expect.stringContaining('absent.jsonl is not there')])
  })
})
