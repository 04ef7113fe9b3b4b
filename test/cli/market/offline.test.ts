import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type InProcessRun, runInProcess } from '../run-in-process.ts'

type Vector = { readonly kind: string; readonly name: string; readonly [member: string]: unknown }

function vectorsOf(area: string): readonly Vector[] {
  const file = resolve(import.meta.dirname, `../../../protocol/vectors/v1/${area}.json`)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly vectors: readonly Vector[] }).vectors
}

const folder = mkdtempSync(join(tmpdir(), 'kernell-offline-'))

async function onFile(words: readonly string[], content: string | Uint8Array): Promise<InProcessRun> {
  writeFileSync(join(folder, 'file'), content)
  return await runInProcess([...words, 'file', '--json'], { workingDir: folder })
}

/** What depends on who receives a message, and is not asked of a file. */
const OF_RECEIVERS: readonly unknown[] = [
  'ENVELOPE_NETWORK_WRONG',
  'ENVELOPE_AUDIENCE_WRONG',
  'ENVELOPE_NOT_YET_VALID',
  'ENVELOPE_EXPIRED',
]

describe('kernell envelope check', () => {
  test('gives the verdict of every golden vector', async () => {
    const vectors = [...vectorsOf('envelope'), ...vectorsOf('ledger'), ...vectorsOf('auction')].filter(
      ({ kind, code, bytes }) =>
        (kind === 'accepted' || kind === 'refused') && typeof bytes === 'string' && !OF_RECEIVERS.includes(code),
    )
    expect(vectors.length).toBeGreaterThan(80)
    for (const { kind, name, bytes, code = null } of vectors) {
      const run = await onFile(['envelope', 'check'], Buffer.from(String(bytes), 'hex'))
      expect([name, run.exitCode, run.json()]).toMatchObject([
        name,
        kind === 'accepted' ? 0 : 3,
        { verdict: kind, code },
      ])
    }
  })

  test('has these members', async () => {
    const accepted = vectorsOf('ledger').find(({ kind }) => kind === 'accepted')
    const run = await onFile(['envelope', 'check'], Buffer.from(String(accepted?.['bytes']), 'hex'))
    expect(Object.keys(run.json()).slice(0, 4)).toEqual(['verdict', 'code', 'type', 'hash'])
    const late = await runInProcess(['envelope', 'check', 'file', '--at-now', '--json'], { workingDir: folder })
    expect([late.exitCode, late.json()['code']]).toEqual([3, 'ENVELOPE_EXPIRED'])
    const text = await runInProcess(['envelope', 'check', 'file'], { workingDir: folder })
    expect(text.output).toMatch(/^accepted: ledger-/)
    expect((await runInProcess(['envelope', 'check'])).exitCode).toBe(2)
    expect((await runInProcess(['envelope', 'check', 'absent'])).exitCode).toBe(2)
  })
})

describe('a file that is not there, or never ends', () => {
  test('is wrong usage, whichever command should check it', async () => {
    for (const words of [
      ['envelope', 'check', 'absent'],
      ['ledger', 'verify', 'absent'],
      ['ledger', 'verify', 'file', '--against', 'absent'],
      ['escrow', 'verify', 'absent'],
      ['market', 'auction', 'verify', 'absent'],
    ]) {
      writeFileSync(join(folder, 'file'), '')
      const run = await runInProcess([...words, '--json'], { workingDir: folder })
      expect([words, run.exitCode, run.json()]).toMatchObject([words, 2, { error: { code: 'COMMAND_INVALID' } }])
      expect(JSON.stringify(run.json())).toMatch(/absent is not there.*Check the path/)
    }
  })

  test('is wrong usage for commands that take one by the way, and each says to check the path', async () => {
    for (const words of [
      ['node', '--notary-set', 'absent'],
      ['escrow', 'verify', 'file', '--notary-set', 'absent'],
      ['key', 'import', '--input', 'absent'],
      ['key', 'create', '--role', 'escrow', '--passphrase-file', 'absent'],
      ['backup', 'verify', '--file', 'file', '--passphrase-file', 'absent'],
      ['agent', 'run', 'echo', '--input', '@absent'],
      ['doctor', '--config', 'absent'],
      ['estimate', 'x', '--config', 'absent'],
    ]) {
      const environment = { KERNELL_KEY_PASSPHRASE: 'a passphrase of my own' }
      const run = await runInProcess([...words, '--json'], { workingDir: folder, environment })
      expect([words, run.exitCode]).toEqual([words, words[0] === 'doctor' ? 1 : 2])
      expect([words, JSON.stringify(run.json())]).toEqual([words, expect.stringMatching(/absent is not there/)])
      if (words[0] !== 'doctor') expect(JSON.stringify(run.json())).toContain('Check the path.')
    }
    const isFolder = await runInProcess(['escrow', 'verify', '.'], { workingDir: folder })
    expect(isFolder.errors).toMatch(/is a folder\n.*Name a file in it/)
  })

  test('is read as far as an envelope is long', async () => {
    const run = await runInProcess(['envelope', 'check', '/dev/zero', '--json'], { workingDir: folder })
    expect([run.exitCode, run.json()['code']]).toEqual([3, 'ENVELOPE_TOO_LARGE'])
    const longest = new Uint8Array(32_768).fill(0x20)
    expect((await onFile(['envelope', 'check'], longest)).json()['code']).not.toBe('ENVELOPE_TOO_LARGE')
  })
})

describe('kernell market auction verify', () => {
  test('computes every golden transcript again', async () => {
    const vectors = vectorsOf('auction').filter(({ kind }) => kind === 'auction-transcript')
    expect(vectors.length).toBeGreaterThan(9)
    for (const { name, transcript, bids: said, verdict } of vectors) {
      const run = await onFile(['market', 'auction', 'verify'], JSON.stringify({ transcript, bids: said }))
      const { ok, winner = null, clearingNanos = null, bids } = verdict as Record<string, unknown>
      expect([name, run.exitCode]).toEqual([name, ok === true ? 0 : 1])
      expect(run.json()).toMatchObject({ ok, winner, clearingNanos, bids })
    }
  })

  test('shows price and issuer to people, and refuses what is no transcript', async () => {
    const honest = vectorsOf('auction').find(({ kind }) => kind === 'auction-transcript')
    writeFileSync(join(folder, 'file'), JSON.stringify({ transcript: honest?.['transcript'], bids: honest?.['bids'] }))
    const shown = await runInProcess(['market', 'auction', 'verify', 'file'], { workingDir: folder })
    expect([shown.exitCode, shown.output]).toEqual([0, expect.stringMatching(/0\.45 USD credits of did:key:z6Mk/)])
    expect((await onFile(['market', 'auction', 'verify'], '{}')).exitCode).toBe(2)
    expect((await onFile(['market', 'auction', 'verify'], 'x')).exitCode).toBe(2)
    expect((await runInProcess(['market', 'auction', 'verify'])).exitCode).toBe(2)
  })
})
