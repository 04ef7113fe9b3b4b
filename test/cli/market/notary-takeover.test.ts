import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PostgresCluster, whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

/** One notary, two gateways on one PostgreSQL that may be it, one killed while contracts settle. Real processes. */
const reason = whyNoPostgres()
const folder = makeFolder()
const SECRET = 'correct horse battery staple'
const environment = { KERNELL_KEY_PASSPHRASE: SECRET, KERNELL_DATABASE_URL: '' }
const running = new Map<string, StartedBinary>()
const LEASE_MS = 2_000

type Json = Record<string, unknown>
/** So that a line holds several words. */
const line = (...all: readonly string[]): readonly string[] => all
const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json
let cluster: PostgresCluster
const dids = { notary: '', bank: '', seller: '', buyer: '' }

async function kernell(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary([...words, '--json'], { folder, environment })
}

async function done(...words: readonly string[]): Promise<Json> {
  const run = await kernell(...words)
  if (run.code !== 0) throw new Error(`${words.join(' ')} ended with ${run.code}:\n${run.output}${run.errors}`)
  return told(run)
}

const nodeWords = (name: string, ...words: readonly string[]): readonly string[] => [
  ...line('node', '--data-dir', name, '--notary-set', 'set.json', '--port', '0', '--json', ...words),
]
const gatewayWords = (name: string, place = 'signed-last'): readonly string[] =>
  nodeWords(name, '--config', 'fleet.json', '--notary', '--issuer', dids.bank, '--high-water', place)

async function start(name: string, words: readonly string[]): Promise<Json> {
  const started = startBinary(words, { folder, environment })
  running.set(name, started)
  return JSON.parse(await started.untilOutput(/"event":"ready"/)) as Json
}

async function stop(name: string, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
  const started = running.get(name)
  running.delete(name)
  started?.child.kill(signal)
  await started?.ended
}

/** A gateway that may not be the notary says why. */
async function refusalOf(name: string, place?: string): Promise<Json> {
  const run = await runBinary(gatewayWords(name, place), { folder, environment })
  expect(run.code).not.toBe(0)
  return (JSON.parse(run.output.split('\n')[0] ?? '') as { readonly error: Json }).error
}

/** Takes over as soon as it may. */
async function takeOver(name: string): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const started = startBinary(gatewayWords(name), { folder, environment })
    running.set(name, started)
    const said = JSON.parse(await started.untilOutput(/"event":"ready"|"error"/)) as Json
    if (said['event'] === 'ready') return performance.now() - startedMs
    expect(said).toMatchObject({ error: { code: 'STORE_LOCKED' } })
    await started.ended
  }
}

async function verified(dataDir: string, file: string): Promise<Json> {
  await done('ledger', 'export', '--output', file, '--data-dir', dataDir, '--config', 'fleet.json', '--force')
  return await done('ledger', 'verify', file, '--notary-set', 'set.json')
}

/** Lines of the books, by the table alone. */
async function countBooked(): Promise<number> {
  const [row] = await cluster.query<{ total: number }>(
    "SELECT count(*)::int AS total FROM kernell.log_record WHERE log LIKE 'notary-%'",
  )
  return row?.total ?? 0
}

const buy = async (key: string): Promise<BinaryRun> =>
  await kernell(
    ...line(
      'market',
      'buy',
      '--skill',
      'text.word-count',
      '--input',
      'letter.txt',
      '--max',
      '0.1',
      '--currency',
      'USD',
    ),
    ...line('--custody', 'C2', '--idempotency-key', key, '--data-dir', 'buyer'),
  )

beforeAll(async () => {
  if (reason !== undefined) return
  cluster = await PostgresCluster.start()
  environment.KERNELL_DATABASE_URL = cluster.url
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  writeFileSync(join(folder, 'fleet.json'), JSON.stringify({ storage: { kind: 'postgresql', leaseMs: LEASE_MS } }))
  dids.notary = await makeLightKey(join(folder, 'one'), 'notary', SECRET)
  for (const name of ['bank', 'seller', 'buyer'] as const)
    dids[name] = await makeLightKey(join(folder, name), 'escrow', SECRET)
  mkdirSync(join(folder, 'two'), { mode: 0o700 })
  execFileSync('cp', ['-a', join(folder, 'one', 'keys'), join(folder, 'two', 'keys')])
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  await done('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
}, 120_000)

afterAll(async () => {
  for (const name of running.keys()) await stop(name)
  removeFolders()
  if (reason === undefined) await cluster.remove()
}, 60_000)

describe.skipIf(reason !== undefined)('a notary whose books are in the shared store', { timeout: 240_000 }, () => {
  test('is gone on with by another gateway when its own is killed while contracts settle', async () => {
    await start('one', gatewayWords('one'))
    await start('bank', nodeWords('bank'))
    const seller = await start('seller', nodeWords('seller'))
    const [address = ''] = seller['addresses'] as readonly string[]
    await start('buyer', nodeWords('buyer', '--bootstrap', address))
    const issue = ['ledger', 'issue', '--account', dids.buyer, '--amount', '3', '--currency', 'USD']
    await done(...issue, '--idempotency-key', 'first', '--data-dir', 'bank')
    const offer = ['market', 'offer', '--skill', 'text.word-count', '--price', '0.05', '--limit', '99']
    await done(...offer, '--agent', 'word-count', '--data-dir', 'seller')
    const keys = Array.from({ length: 4 }, (_, place) => `buy-${place}`)
    const before = await countBooked()
    const bought = keys.map(async (key) => await buy(key))
    await expect.poll(countBooked, { timeout: 30_000, interval: 2 }).toBeGreaterThan(before + 12)
    await stop('one', 'SIGKILL')
    const atKill = await countBooked()
    await takeOver('two')
    await Promise.all(bought)
    // Whoever was told nothing asks again, with the same key.
    for (const key of keys)
      expect(told(await buy(key)), key).toMatchObject({ state: 'FINAL', capturedNanos: '50000000' })
    // Contracts were open when it was killed.
    expect(await countBooked()).toBeGreaterThan(atKill + 4)
    expect(await done('ledger', 'list', '--data-dir', 'buyer')).toMatchObject({ sumNanos: '0' })
    expect(await verified('two', 'books.jsonl')).toMatchObject({ ok: true })
    // At its address as well nobody else is the notary.
    expect(await refusalOf('one')).toMatchObject({ code: 'NETWORK_LISTEN_FAILED' })
  })

  test('is handed over at once when its gateway ends, and its books go on in one chain', async () => {
    await stop('two')
    const { entries: before } = await verified('two', 'books.jsonl')
    expect(await takeOver('one')).toBeLessThan(20_000)
    expect(told(await buy('after'))).toMatchObject({ state: 'FINAL' })
    const { ok, entries } = await verified('one', 'later.jsonl')
    expect([ok, Number(entries) > Number(before)]).toEqual([true, true])
    expect(
      await done('ledger', 'verify', 'later.jsonl', '--against', 'books.jsonl', '--notary-set', 'set.json'),
    ).toMatchObject({ ok: true })
  })

  test('is refused by its lease while another gateway is it, wherever that listens', async () => {
    // As on another machine, where nobody has the address.
    rmSync(join(folder, 'n.sock'))
    expect(await refusalOf('two')).toMatchObject({
      code: 'STORE_LOCKED',
      details: { leftMs: expect.any(Number) as number },
    })
    expect(running.get('one')?.child.exitCode).toBeNull()
    await stop('one')
  })

  test('signs nothing where nobody knows what was signed last', async () => {
    expect(await refusalOf('two', 'empty-place')).toMatchObject({
      code: 'NOTARY_MAY_NOT_SIGN',
      details: { code: 'NOTARY_RESTORED' },
    })
  })

  test('signs nothing over books that are older than what was signed', async () => {
    await cluster.query(
      `DELETE FROM kernell.log_record WHERE log LIKE 'notary-%' AND index >= (SELECT max(index) - 6 FROM kernell.log_record WHERE log LIKE 'notary-%')`,
    )
    await cluster.query(
      `UPDATE kernell.log SET next_index = (SELECT max(index) + 1 FROM kernell.log_record WHERE log = name) WHERE name LIKE 'notary-%'`,
    )
    expect(await refusalOf('two')).toMatchObject({
      code: 'NOTARY_MAY_NOT_SIGN',
      details: { code: 'NOTARY_STATE_BEHIND' },
    })
  })
})
