import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

/** Four notaries, each a process of its own with its own directory, over sockets and loopback; and one who issues credits. */
const folder = makeFolder()
const environment = {
  KERNELL_KEY_PASSPHRASE: 'correct horse battery staple',
  KERNELL_BACKUP_PASSPHRASE: 'correct horse battery staple',
}
const running = new Map<string, StartedBinary>()
const NOTARIES = ['n0', 'n1', 'n2', 'n3'] as const

/** Kept elsewhere. */
const RECOVERY = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

type Json = Record<string, unknown>
const line = (...all: readonly string[]): readonly string[] => all
const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json

async function done(...words: readonly string[]): Promise<Json> {
  const run = await runBinary([...words, '--json'], { folder, environment })
  if (run.code !== 0) throw new Error(`${words.join(' ')} ended with ${run.code}:\n${run.output}${run.errors}`)
  return told(run)
}

async function makeKey(dataDir: string, role: string, ...words: readonly string[]): Promise<string> {
  if (words.length === 0) return await makeLightKey(join(folder, dataDir), role, environment.KERNELL_KEY_PASSPHRASE)
  return String((await done('key', 'create', '--role', role, '--data-dir', dataDir, ...words))['did'])
}

async function start(name: string, ...words: readonly string[]): Promise<void> {
  const flags = line('--data-dir', name, '--notary-set', 'set.json', '--port', '0', '--json')
  const started = startBinary(['node', ...flags, ...words], { folder, environment })
  running.set(name, started)
  await started.untilOutput(/"event":"ready"/)
}

async function end(name: string, signal: NodeJS.Signals): Promise<BinaryRun | undefined> {
  const started = running.get(name)
  running.delete(name)
  started?.child.kill(signal)
  return await started?.ended
}

const dids = { issuer: '', buyer: '' }

async function issue(key: string): Promise<Json> {
  const words = line('ledger', 'issue', '--account', dids.buyer, '--amount', '1', '--currency', 'USD')
  return await done(...words, '--idempotency-key', key, '--data-dir', 'issuer')
}

/** What the notary of a directory itself has: its own answer, which a stopped one cannot give. */
async function headAt(name: string): Promise<unknown> {
  return (await done('ledger', 'list', '--data-dir', name))['head']
}

async function untilAllAgree(): Promise<void> {
  for (;;) {
    const heads = await Promise.all(NOTARIES.map(async (name) => JSON.stringify(await headAt(name))))
    if (new Set(heads).size === 1) return
  }
}

beforeAll(async () => {
  const keys = await Promise.all(NOTARIES.map(async (name) => await makeKey(name, 'notary')))
  dids.issuer = await makeKey('issuer', 'escrow', '--recovery-key', RECOVERY)
  dids.buyer = await makeKey('buyer', 'escrow')
  await makeKey('seller', 'escrow')
  const members = keys.flatMap((key, index) => [
    '--member',
    `${key}@/unix${join(folder, `${NOTARIES[index] ?? ''}.sock`)}`,
  ])
  await done('notary-set', 'create', ...members, '--f', '1', '--output', 'set.json')
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  await Promise.all(NOTARIES.map(async (name) => await start(name, '--notary')))
  await start('issuer')
}, 240_000)

afterAll(async () => {
  for (const name of running.keys()) await end(name, 'SIGKILL')
  removeFolders()
}, 60_000)

describe('four notaries, each a node of its own', () => {
  test('order together, and come to one journal', { timeout: 400_000 }, async () => {
    expect(await issue('one')).toMatchObject({ status: 'posted' })
    expect(await issue('one')).toMatchObject({ status: 'exists' })
    await untilAllAgree()
    expect(await done('ledger', 'list', '--data-dir', 'issuer')).toMatchObject({ sumNanos: '0' })
  })

  test('go on when one is killed, which comes to the same journal when it is back', { timeout: 400_000 }, async () => {
    await end('n0', 'SIGKILL')
    expect(await issue('two')).toMatchObject({ status: 'posted' })
    expect(await issue('three')).toMatchObject({ status: 'posted' })
    await start('n0', '--notary')
    await untilAllAgree()
    expect(await issue('four')).toMatchObject({ status: 'posted' })
    await untilAllAgree()
  })

  test(
    'bring one that was restored from a backup to the same journal, before it signs',
    { timeout: 400_000 },
    async () => {
      await end('n3', 'SIGINT')
      await done('backup', 'create', '--file', 'n3.backup', '--data-dir', 'n3')
      await start('n3', '--notary')
      expect(await issue('five')).toMatchObject({ status: 'posted' })
      await untilAllAgree()
      await end('n3', 'SIGKILL')
      rmSync(join(folder, 'n3'), { recursive: true })
      await done('backup', 'restore', '--file', 'n3.backup', '--to', 'n3')
      await start('n3', '--notary')
      for (let count = 0; existsSync(join(folder, 'n3', 'restored')); count += 1) await issue(`six-${count}`)
      await untilAllAgree()
    },
  )

  test('keep a contract that is bought as any other, and certify it by three', { timeout: 400_000 }, async () => {
    await start('seller')
    const offer = line('market', 'offer', '--skill', 'text.word-count', '--price', '0.5', '--limit', '9')
    await done(...offer, '--agent', 'word-count', '--data-dir', 'seller')
    await start(
      'buyer',
      '--bootstrap',
      `/unix${join(folder, 'seller', 'market.sock')}/p2p/${String((await done('key', 'show', '--role', 'node', '--data-dir', 'seller'))['did'])}`,
    )
    const buy = line('market', 'buy', '--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.6')
    const bought = await done(
      ...buy,
      ...line('--currency', 'USD', '--custody', 'C2', '--idempotency-key', 'one'),
      '--data-dir',
      'buyer',
    )
    expect(bought).toMatchObject({ state: 'FINAL', custody: 'C2', certificate: { signatures: [{}, {}, {}] } })
    await done('escrow', 'export', String(bought['contract']), '--output', 'contract.json', '--data-dir', 'buyer')
    expect(await done('escrow', 'verify', 'contract.json', '--notary-set', 'set.json')).toMatchObject({ ok: true })
    for (const name of ['buyer', 'seller']) await end(name, 'SIGINT')
  })

  test('leave journals that anybody verifies, and that are one', { timeout: 400_000 }, async () => {
    for (const name of ['issuer', ...NOTARIES]) await end(name, 'SIGINT')
    for (const other of ['n1', 'n2', 'n3']) {
      const verified = await done('ledger', 'verify', 'n0', '--notary-set', 'set.json', '--against', other)
      expect(verified).toMatchObject({ ok: true, against: [{ fork: { kind: 'same' } }] })
    }
  })
})
