import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

/** The life of a lone notary: restored, copied, under another key. Real processes, one contract that is open all the while. */
const folder = makeFolder()
const SECRET = 'correct horse battery staple'
const environment = { KERNELL_KEY_PASSPHRASE: SECRET, KERNELL_BACKUP_PASSPHRASE: SECRET }
const running = new Map<string, StartedBinary>()

/** Kept elsewhere. */
const RECOVERY = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

type Json = Record<string, unknown>
const line = (...all: readonly string[]): readonly string[] => all
const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json
const refusal = (code: number, name: string): unknown => [code, { error: { code: name } }]

async function kernell(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary([...words, '--json'], { folder, environment })
}

async function done(...words: readonly string[]): Promise<Json> {
  const run = await kernell(...words)
  if (run.code !== 0) throw new Error(`${words.join(' ')} ended with ${run.code}:\n${run.output}${run.errors}`)
  return told(run)
}

async function makeKey(dataDir: string, role: string, ...words: readonly string[]): Promise<string> {
  if (words.length === 0) return await makeLightKey(join(folder, dataDir), role, SECRET)
  return String((await done('key', 'create', '--role', role, '--data-dir', dataDir, ...words))['did'])
}

const nodeWords = (dataDir: string, ...words: readonly string[]): readonly string[] => [
  ...line('node', '--data-dir', dataDir, '--port', '0', '--json', ...words),
]

async function start(name: string, ...words: readonly string[]): Promise<Json> {
  const started = startBinary(nodeWords(name, ...words), { folder, environment })
  running.set(name, started)
  return JSON.parse(await started.untilOutput(/"event":"ready"/)) as Json
}

async function stop(name: string): Promise<void> {
  const started = running.get(name)
  running.delete(name)
  started?.child.kill('SIGINT')
  await started?.ended
}

/** A start that is refused. */
async function refused(dataDir: string, ...words: readonly string[]): Promise<readonly [number | null, Json]> {
  const run = await runBinary(nodeWords(dataDir, ...words), { folder, environment })
  return [run.code, JSON.parse(run.output.split('\n')[0] ?? '') as Json]
}

const buy = (key: string, ...words: readonly string[]): readonly string[] => [
  ...line('market', 'buy', '--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.6', '--currency', 'USD'),
  ...line('--custody', 'C2', '--idempotency-key', key, '--data-dir', 'buyer', ...words),
]

async function startParties(set: string): Promise<void> {
  const seller = await start('seller', '--notary-set', set)
  const [address = ''] = seller['addresses'] as readonly string[]
  await start('buyer', '--notary-set', set, '--bootstrap', address)
}

async function stopAll(): Promise<void> {
  for (const name of running.keys()) await stop(name)
}

const dids = { notary: '', issuer: '', seller: '', buyer: '' }
let contract = ''

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  dids.notary = await makeKey('notary', 'notary')
  dids.seller = await makeKey('seller', 'escrow')
  dids.buyer = await makeKey('buyer', 'escrow')
}, 120_000)

afterAll(async () => {
  await stopAll()
  removeFolders()
}, 60_000)

/** With all that `cp` can keep: times, modes, owners. */
const copy = (from: string, to: string): unknown => execFileSync('cp', ['-a', join(folder, from), join(folder, to)])
const member = (path: string, did = dids.notary): readonly string[] => ['--member', `${did}@${path}`]
const create = (file: string, ...words: readonly string[]): readonly string[] => [
  ...line('notary-set', 'create', ...words, '--output', file),
]

describe('a notary set', () => {
  test.each(['/ip4/127.0.0.1/tcp/0', '/ip4/0.0.0.0/tcp/4100', '/ip4/127.0.0.1/tcp', 'localhost:4100'])(
    'is not made with the address %s, at which nobody reaches anybody',
    async (address) => {
      const run = await kernell(...create('none.json', ...member(address)))
      expect([run.code, told(run)]).toMatchObject(refusal(2, 'NOTARY_ADDRESS_UNREACHABLE') as object)
      expect(existsSync(join(folder, 'none.json'))).toBe(false)
    },
    30_000,
  )

  test(
    'whose address was wrong is replaced, as long as nobody has said anything to it',
    { timeout: 240_000 },
    async () => {
      await done(...create('wrong.json', ...member('/unix/nowhere/there/is/no/such/folder/n.sock')))
      expect(await refused('notary', '--notary', '--notary-set', 'wrong.json')).toMatchObject(
        refusal(1, 'NETWORK_LISTEN_FAILED') as object,
      )
      await done(...create('other.json', ...member(`/unix${join(folder, 'other.sock')}`)))
      await start('notary', '--notary', '--notary-set', 'other.json')
      await stop('notary')
      await done(...create('set.json', ...member(`/unix${join(folder, 'n.sock')}`)))
      // Whose key names a recovery key, whose node tells the set of it as soon as it starts.
      dids.issuer = await makeKey('notary', 'escrow', '--recovery-key', RECOVERY)
      await start('notary', '--notary', '--notary-set', 'set.json')
      await startParties('set.json')
      const issue = line('ledger', 'issue', '--account', dids.buyer, '--amount', '3', '--currency', 'USD')
      await done(...issue, '--idempotency-key', 'first', '--data-dir', 'notary')
      const offer = line('market', 'offer', '--skill', 'text.word-count', '--price', '0.5', '--limit', '9')
      await done(...offer, '--agent', 'word-count', '--data-dir', 'seller')
      contract = String((await done(...buy('open', '--manual', '--wait', 'DELIVERED')))['contract'])
      await stopAll()
      expect(await refused('notary', '--notary', '--notary-set', 'other.json')).toMatchObject(
        refusal(3, 'NOTARY_SET_OTHER') as object,
      )
    },
  )

  test(
    'keeps what it signed outside of the data directory, and a copy of the directory signs nothing',
    { timeout: 240_000 },
    async () => {
      expect(existsSync(join(folder, 'notary', 'high-water'))).toBe(false)
      const place = join(folder, '.local', 'state', 'kernell', 'notaries', dids.notary.slice('did:key:'.length))
      expect(existsSync(join(place, 'directory.json'))).toBe(true)
      copy('notary', 'clone')
      expect(await refused('clone', '--notary')).toMatchObject(refusal(1, 'NOTARY_DIRECTORY_COPIED') as object)
      // Its place is copied as well, as by a copy of a whole disk.
      execFileSync('cp', ['-a', place, join(folder, 'clone-place')])
      expect(await refused('clone', '--notary', '--high-water', 'clone-place')).toMatchObject(
        refusal(1, 'NOTARY_DIRECTORY_COPIED') as object,
      )
      // Or there is none, as in another container.
      expect(await refused('clone', '--notary', '--high-water', 'nothing-here')).toMatchObject([
        1,
        { error: { code: 'NOTARY_MAY_NOT_SIGN', details: { code: 'NOTARY_RESTORED' } } },
      ])
      renameSync(join(folder, 'notary'), join(folder, 'moved'))
      await start('moved', '--notary')
      await stop('moved')
      renameSync(join(folder, 'moved'), join(folder, 'notary'))
      rmSync(join(folder, 'clone'), { recursive: true })
    },
  )

  test('does not lose its member to a rotation of the key', { timeout: 240_000 }, async () => {
    const run = await kernell('key', 'rotate', '--role', 'notary', '--data-dir', 'notary')
    expect([run.code, told(run)]).toMatchObject(refusal(3, 'KEY_IN_NOTARY_SET') as object)
    expect((await done('key', 'show', '--role', 'notary', '--data-dir', 'notary'))['did']).toBe(dids.notary)
  })
})

describe('a lone notary that was restored', () => {
  test(
    'signs nothing until its operator begins the next epoch, and then goes on with all of its books',
    { timeout: 240_000 },
    async () => {
      await done('backup', 'create', '--file', 'notary.backup', '--data-dir', 'notary')
      await start('notary', '--notary', '--notary-set', 'set.json')
      await startParties('set.json')
      expect(await done(...buy('since-the-backup'))).toMatchObject({ state: 'FINAL' })
      await stopAll()
      renameSync(join(folder, 'notary'), join(folder, 'lost'))
      await done('backup', 'restore', '--file', 'notary.backup', '--to', 'notary')
      expect(await refused('notary', '--notary')).toMatchObject([
        1,
        { error: { code: 'NOTARY_MAY_NOT_SIGN', details: { code: 'NOTARY_RESTORED' } } },
      ])
      const advance = line('notary-set', 'advance', '--data-dir', 'notary', '--output', 'set-2.json')
      const unsure = await kernell(...advance)
      expect([unsure.code, told(unsure)]).toMatchObject(refusal(1, 'NOTARY_RESTORED') as object)
      const { id: first } = JSON.parse(readFileSync(join(folder, 'set.json'), 'utf8')) as Json
      expect(await done(...advance, '--confirm-restored')).toMatchObject({ epoch: 1, from: first, key: dids.notary })

      await start('notary', '--notary')
      await startParties('set-2.json')
      expect(await done('escrow', 'show', contract, '--data-dir', 'buyer')).toMatchObject({ state: 'DELIVERED' })
      const accept = line('escrow', 'accept', contract, '--idempotency-key', 'yes', '--data-dir', 'buyer')
      expect(await done(...accept)).toMatchObject({ effect: 'applied' })
      const gone = await kernell(...buy('since-the-backup'))
      expect([gone.code, told(gone)]).toMatchObject([
        1,
        { error: { code: 'MARKET_OBJECT_UNKNOWN', details: { ended: 'FINAL' } } },
      ])
      expect(await done(...buy('in-the-second-epoch'))).toMatchObject({ state: 'FINAL', capturedNanos: '500000000' })
      await done('escrow', 'export', contract, '--output', 'contract.json', '--data-dir', 'seller')
      for (const set of ['set.json', 'set-2.json'])
        expect(await done('escrow', 'verify', 'contract.json', '--notary-set', set)).toMatchObject({
          ok: true,
          state: 'FINAL',
        })
      expect(await done('ledger', 'list', '--data-dir', 'buyer')).toMatchObject({ sumNanos: '0' })
      await stopAll()
      expect(await done('ledger', 'verify', 'notary', '--notary-set', 'set-2.json')).toMatchObject({ ok: true })
      expect(await refused('lost', '--notary')).toMatchObject(refusal(1, 'NOTARY_DIRECTORY_COPIED') as object)
    },
  )

  test('hands its log on to another key', { timeout: 240_000 }, async () => {
    const advance = line('notary-set', 'advance', '--rotate-key', '--data-dir', 'notary', '--output', 'set-3.json')
    const { key } = await done(...advance)
    expect(key).not.toBe(dids.notary)
    await start('notary', '--notary')
    await startParties('set-3.json')
    expect(await done(...buy('in-the-third-epoch'))).toMatchObject({ state: 'FINAL', effect: 'applied' })
    const { accounts } = (await done('ledger', 'list', '--data-dir', 'seller')) as {
      readonly accounts: readonly Json[]
    }
    const balance = (owner: string, kind: string): unknown =>
      accounts.find((account) => account['owner'] === owner && account['kind'] === kind)?.['balanceNanos']
    expect(balance(dids.buyer, 'available')).toBe('1500000000')
    expect(balance(dids.seller, 'available')).toBe('1485000000')
    expect([balance(dids.notary, 'fee'), balance(String(key), 'fee')]).toEqual(['10000000', '5000000'])
    await stopAll()
  })

  test('is not started in an epoch that another directory has left behind', { timeout: 240_000 }, async () => {
    copy('notary', 'twin')
    expect(await refused('twin', '--notary')).toMatchObject(refusal(1, 'NOTARY_DIRECTORY_COPIED') as object)
  })
})
