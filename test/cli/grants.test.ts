import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { runInProcess } from './run-in-process.ts'

const PROGRAM = 'export const answer = () => 42'
const POLICY = { isolation: 't2', limits: { wallMs: 5_000, cpuMs: 2_000 } }

type Party = 'owner' | 'helper' | 'other'
type Run = { exitCode: number; json: Record<string, unknown>; text: string; code: string }

let folder: string
const dids = new Map<Party, string>()

/** A command of a party: each opens the party's data directory anew, as after a restart. */
async function run(party: Party, ...words: readonly string[]): Promise<Run> {
  const at = words.indexOf('--')
  const line = at === -1 ? [...words, '--json'] : [...words.slice(0, at), '--json', ...words.slice(at)]
  const environment = { KERNELL_DATA_DIR: join(folder, party) }
  const { exitCode, output, errors } = await runInProcess(line, { workingDir: folder, environment })
  const json = output.startsWith('{') ? (JSON.parse(output) as Record<string, unknown>) : {}
  const error = (json['error'] ?? {}) as { code?: string; details?: { code?: string } }
  return { exitCode, json, text: output + errors, code: error.details?.code ?? error.code ?? '' }
}

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

async function issue(output: string, ...words: readonly string[]): Promise<Run> {
  const to = dids.get('helper') ?? ''
  return await run('owner', 'grant', 'issue', '--to', to, '--policy', 'policy.json', '--output', output, ...words)
}

async function order(party: Party, output: string, ...words: readonly string[]): Promise<string> {
  const { exitCode, text } = await run(party, 'grant', 'order', '--output', output, ...words)
  expect(exitCode, text).toBe(0)
  return output
}

const use = async (party: Party, file: string, ...program: readonly string[]): Promise<Run> =>
  await run(party, 'sandbox', 'run', '--capability', file, '--', ...(program.length > 0 ? program : ['p.js', 'answer']))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-grants-'))
  write('p.js', PROGRAM)
  write('q.js', 'export const answer = () => 43')
  write('policy.json', POLICY)
  write('more.json', { ...POLICY, limits: { wallMs: 5_000, cpuMs: 2_001 } })
  write('hosts.json', { ...POLICY, network: { hosts: ['example.com'] } })
  for (const party of ['owner', 'helper', 'other'] as const)
    dids.set(party, String((await run(party, 'grant', 'list')).json['self']))
  expect((await issue('grant.json', '--', 'p.js')).exitCode).toBe(0)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.useRealTimers())

describe('a grant to run programs', () => {
  const ordered = ['--chain', 'grant.json', '--policy', 'policy.json', '--', 'p.js', 'answer']

  it('lets the other key run that program once, and the second time is refused', async () => {
    const file = await order('helper', 'order.json', ...ordered)
    expect(await use('owner', file)).toMatchObject({ exitCode: 0, json: { reason: 'exited', value: 42 } })
    expect(await use('owner', file)).toMatchObject({ exitCode: 3, code: 'CAPABILITY_REPLAYED' })
    const { json } = await run('owner', 'audit', 'list')
    const entries = json['entries'] as readonly { event: Record<string, unknown> }[]
    expect(entries.map(({ event }) => [event['type'], event['by'] ?? event['to'], event['reason']])).toEqual([
      ['grant-given', dids.get('helper'), undefined],
      ['call-granted', dids.get('helper'), undefined],
      ['call-refused', dids.get('helper'), 'CAPABILITY_REPLAYED'],
    ])
    expect((await run('owner', 'audit', 'verify')).exitCode).toBe(0)
  })

  it('is of no use while everything is stopped, and is not used up then', async () => {
    const file = await order('helper', 'order-stopped.json', ...ordered)
    expect((await run('owner', 'stop-all')).exitCode).toBe(0)
    expect(await use('owner', file)).toMatchObject({ exitCode: 3, code: 'NODE_STOPPED' })
    expect((await run('owner', 'stop-all', '--release')).exitCode).toBe(0)
    expect(await use('owner', file, 'q.js', 'answer')).toMatchObject({ code: 'CAPABILITY_CODE_OTHER' })
    expect(await use('owner', file)).toMatchObject({ exitCode: 0 })
  })

  it('is refused for another program, whatever the order is for', async () => {
    const file = await order('helper', 'order-p.json', ...ordered)
    expect((await use('owner', file, 'q.js', 'answer')).code).toBe('CAPABILITY_CODE_OTHER')
    const other = await order('helper', 'order-q.json', ...ordered.slice(0, 4), '--', 'q.js', 'answer')
    expect((await use('owner', other, 'q.js', 'answer')).code).toBe('CAPABILITY_CODE_OTHER')
  })

  it.each(['more.json', 'hosts.json'])('is refused where the order asks for more, as in %s', async (policy) => {
    const file = await order('helper', 'order-more.json', '--chain', 'grant.json', '--policy', policy, '--', 'p.js')
    expect(await use('owner', file)).toMatchObject({ exitCode: 3, code: 'CAPABILITY_RIGHTS_WIDENED' })
  })

  it('is refused on another machine, and by another key', async () => {
    const file = await order('helper', 'order-there.json', ...ordered)
    expect((await use('other', file)).code).toBe('CAPABILITY_SUBJECT_WRONG')
    const stolen = await order('other', 'order-stolen.json', ...ordered)
    expect((await use('owner', stolen)).code).toBe('CAPABILITY_AUDIENCE_WRONG')
  })

  it('is refused once the order is over, and once the grant is', async () => {
    const file = await order('helper', 'order-late.json', '--valid-minutes', '2', ...ordered)
    const late = await order('helper', 'order-later.json', '--valid-minutes', '1440', ...ordered)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 180_000 })
    expect((await use('owner', file)).code).toBe('CAPABILITY_EXPIRED')
    expect((await issue('short.json', '--valid-hours', '0.01', '--', 'p.js')).exitCode).toBe(0)
    const short = await order('helper', 'order-short.json', '--chain', 'short.json', ...ordered.slice(2))
    vi.setSystemTime(Date.now() + 120_000)
    expect((await use('owner', short)).code).toBe('CAPABILITY_EXPIRED')
    expect((await run('helper', 'grant', 'show', 'short.json')).json).toMatchObject({ code: 'CAPABILITY_EXPIRED' })
    expect((await use('owner', late, 'q.js', 'answer')).code).toBe('CAPABILITY_CODE_OTHER')
  })

  it('is passed on narrower and not wider', async () => {
    const to = dids.get('other') ?? ''
    const pass = async (...words: string[]): Promise<Run> =>
      await run('helper', 'grant', 'attenuate', '--chain', 'grant.json', '--to', to, '--output', 'less.json', ...words)
    expect(await pass('--cpu-ms', '2001')).toMatchObject({ exitCode: 3, code: 'CAPABILITY_RIGHTS_WIDENED' })
    expect(await pass('--host', 'example.com')).toMatchObject({ exitCode: 3, code: 'CAPABILITY_RIGHTS_WIDENED' })
    expect(await pass('--', 'q.js')).toMatchObject({ exitCode: 3, code: 'CAPABILITY_RIGHTS_WIDENED' })
    expect(
      (await run('other', 'grant', 'attenuate', '--chain', 'grant.json', '--to', to, '--output', 'x.json')).code,
    ).toBe('CAPABILITY_AUDIENCE_WRONG')
    const less = await pass('--cpu-ms', '500')
    expect(less.json).toMatchObject({
      isValid: true,
      owner: dids.get('owner'),
      holder: to,
      rights: { limits: { cpuMs: 500, wallMs: 5_000 }, hosts: [], environment: [], read: [], write: [] },
    })
    const wide = await order('other', 'order-wide.json', '--chain', 'less.json', ...ordered.slice(2))
    expect((await use('owner', wide)).code).toBe('CAPABILITY_RIGHTS_WIDENED')
  })
})

describe('a grant that was taken back', () => {
  it('lets nothing run any more, by whoever of the chain it was', async () => {
    const to = dids.get('other') ?? ''
    const passed = ['--chain', 'grant.json', '--to', to, '--output', 'passed.json']
    expect((await run('helper', 'grant', 'attenuate', ...passed)).exitCode).toBe(0)
    const ask = ['--policy', 'policy.json', '--', 'p.js', 'answer']
    const first = await order('other', 'order-1.json', '--chain', 'passed.json', ...ask)
    // The owner does not know of it before it is told.
    expect((await run('helper', 'grant', 'revoke', 'passed.json', '--output', 'revoked.json')).exitCode).toBe(0)
    expect((await run('owner', 'grant', 'revoke', 'revoked.json')).json).toMatchObject({ effect: 'revoked' })
    expect((await run('owner', 'grant', 'revoke', 'revoked.json')).json).toMatchObject({ effect: 'exists' })
    expect(await use('owner', first)).toMatchObject({ exitCode: 3, code: 'CAPABILITY_REVOKED' })
    // A stranger to the chain takes nothing back.
    expect((await run('other', 'grant', 'revoke', 'grant.json')).code).toBe('CAPABILITY_REVOKER_WRONG')
    const second = await order('helper', 'order-2.json', '--chain', 'grant.json', ...ask)
    expect((await run('owner', 'grant', 'revoke', 'grant.json')).exitCode).toBe(0)
    expect((await use('owner', second)).code).toBe('CAPABILITY_REVOKED')
    expect((await run('owner', 'grant', 'show', 'grant.json')).json).toMatchObject({
      isValid: false,
      code: 'CAPABILITY_REVOKED',
    })
    const { json } = await run('owner', 'grant', 'list')
    expect(json['grants']).toContainEqual(expect.objectContaining({ to: dids.get('helper'), isRevoked: true }))
  })
})

describe('files of tokens', () => {
  it('are for their owner alone, and refused where they are none', async () => {
    expect(statSync(join(folder, 'grant.json')).mode & 0o077).toBe(0)
    expect(readFileSync(join(folder, 'grant.json'), 'utf8')).toMatch(/^\{"v":1,"chain":\["[\w-]+"\]\}\n$/)
    write('none.json', { v: 2, chain: [] })
    write('list.json', { v: 1, chain: [1] })
    for (const file of ['none.json', 'list.json', 'absent.json'])
      expect((await run('owner', 'grant', 'show', file)).exitCode, file).toBe(2)
    expect((await use('owner', 'grant.json')).exitCode).toBe(2)
    const both = ['sandbox', 'run', '--policy', 'policy.json', '--capability', 'grant.json', '--', 'p.js']
    expect((await run('owner', ...both)).exitCode).toBe(2)
  })
})
