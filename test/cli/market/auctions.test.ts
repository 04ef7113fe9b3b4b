import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, makeFolder, removeFolders, runBinary, type StartedBinary, startBinary } from '../run-binary.ts'
import { makeLightKey } from './light-key.ts'

/** Four real processes of one machine: a notary that also issues, two sellers, a buyer. */
const folder = makeFolder()
const environment = { KERNELL_KEY_PASSPHRASE: 'correct horse battery staple' }
const running: StartedBinary[] = []
const dids = new Map<string, string>()

type Json = Record<string, unknown>

const told = ({ output }: BinaryRun): Json => JSON.parse(output) as Json
const line = (...all: readonly string[]): readonly string[] => all

async function kernell(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary([...words, '--json'], { folder, environment })
}

async function makeKey(dataDir: string, role: string): Promise<string> {
  return await makeLightKey(join(folder, dataDir), role, environment.KERNELL_KEY_PASSPHRASE)
}

async function start(name: string, ...words: readonly string[]): Promise<string> {
  const flags = ['--data-dir', name, '--notary-set', 'set.json', '--port', '0', '--json']
  const started = startBinary(['node', ...flags, ...words], { folder, environment })
  running.push(started)
  const ready = JSON.parse(await started.untilOutput(/"event":"ready"/)) as { readonly addresses: readonly string[] }
  return ready.addresses[0] ?? ''
}

async function issue(name: string, amount: string): Promise<void> {
  const run = await kernell(
    ...line('ledger', 'issue', '--account', dids.get(name) ?? '', '--amount', amount, '--currency', 'USD'),
    ...line('--idempotency-key', `credits-${name}`, '--data-dir', 'notary'),
  )
  expect(run.code).toBe(0)
}

async function offer(name: string, ...words: readonly string[]): Promise<void> {
  const run = await kernell(...line('market', 'offer', '--skill', 'text.word-count', '--data-dir', name, ...words))
  expect(run.code).toBe(0)
}

async function buy(key: string, ...words: readonly string[]): Promise<BinaryRun> {
  return await kernell(
    ...line('market', 'buy', '--skill', 'text.word-count', '--input', 'letter.txt', '--currency', 'USD'),
    ...line('--idempotency-key', key, '--data-dir', 'buyer', '--timers', 'timers.json', ...words),
  )
}

async function balanceOf(name: string): Promise<Json | undefined> {
  const { ledgers } = told(await kernell('ledger', 'list', '--data-dir', 'notary')) as { ledgers?: Json[] }
  const run = told(await kernell('ledger', 'list', '--data-dir', 'notary'))
  const list = (ledgers?.[0]?.['accounts'] ?? run['accounts']) as readonly Json[]
  return list.find(({ owner, kind }) => owner === dids.get(name) && kind === 'available')
}

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  writeFileSync(join(folder, 'timers.json'), '{"refundMs": 0}')
  const notary = await makeKey('notary', 'notary')
  await makeKey('notary', 'escrow')
  for (const name of ['cheap', 'dear', 'buyer']) dids.set(name, await makeKey(name, 'escrow'))
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  expect((await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')).code).toBe(0)
  await start('notary', '--notary')
  const addresses = [await start('cheap'), await start('dear')]
  await start('buyer', ...addresses.flatMap((address) => ['--bootstrap', address]))
  await issue('buyer', '10')
  for (const name of ['cheap', 'dear']) await issue(name, '1')
  await offer('cheap', '--price', '0.5', '--lowest', '0.2')
  await offer('dear', '--price', '0.45', '--lowest', '0.4')
}, 240_000)

afterAll(async () => {
  for (const { child } of running) child.kill('SIGINT')
  await Promise.all(running.map(async ({ ended }) => await ended))
  removeFolders()
}, 60_000)

describe('auctions between nodes', () => {
  test(
    'sealed: both put up a deposit and have it back; the transcript is verified by a bidder',
    { timeout: 60_000 },
    async () => {
      const run = await buy('sealed', '--max', '0.6', '--auction', 'first', '--deposit', '0.05')
      const bought = told(run)
      expect([run.code, bought]).toMatchObject([
        0,
        { state: 'FINAL', worker: dids.get('dear'), priceNanos: '450000000', auction: expect.any(String) as string },
      ])
      const auction = String(bought['auction'])
      const shown = told(
        await kernell('market', 'auction', 'show', auction, '--output', 't.json', '--data-dir', 'buyer'),
      )
      expect(shown).toMatchObject({ ok: true, winner: dids.get('dear'), clearingNanos: '450000000' })
      expect((await kernell('market', 'auction', 'verify', 't.json')).code).toBe(0)
      const byLoser = await kernell('market', 'auction', 'show', auction, '--data-dir', 'cheap')
      expect([byLoser.code, told(byLoser)]).toMatchObject([0, { winner: dids.get('dear') }])
      expect(await balanceOf('cheap')).toMatchObject({ balanceNanos: '1000000000', heldNanos: '0' })
      const transfers = told(await kernell('ledger', 'transfers', '--data-dir', 'notary'))
      const holds = (transfers['transfers'] as readonly Json[]).filter(({ amountNanos }) => amountNanos === '50000000')
      expect(holds.map(({ kind, status }) => `${String(kind)} ${String(status)}`)).toEqual([
        'hold voided',
        'hold voided',
      ])
    },
  )

  test('open: bids go down until one of them stops', { timeout: 60_000 }, async () => {
    const run = await buy('open', '--max', '0.6', '--auction', 'english')
    const bought = told(run)
    expect([run.code, bought]).toMatchObject([0, { state: 'FINAL', worker: dids.get('cheap') }])
    // By steps of 0.006 below the lowest of the other, which is 0.4.
    expect(Number(bought['priceNanos'])).toBeGreaterThan(385_000_000)
    expect(Number(bought['priceNanos'])).toBeLessThan(406_000_000)
    const auction = String(bought['auction'])
    expect((await kernell('market', 'auction', 'show', auction, '--data-dir', 'dear')).code).toBe(0)
  })

  test('filters: a capability has to be claimed and attested, and reputation known', { timeout: 60_000 }, async () => {
    const nobody = await buy('filtered', '--max', '0.6', '--auction', 'first', '--needs', 'gpu')
    expect([nobody.code, told(nobody)]).toMatchObject([3, { error: { details: { code: 'BUY_NO_OFFER' } } }])
    await offer('cheap', '--price', '0.5', '--claim', 'gpu')
    expect(told(await buy('claimed', '--max', '0.6', '--needs', 'gpu'))).toMatchObject({
      error: { details: { code: 'BUY_NO_OFFER' } },
    })
    const cheap = dids.get('cheap') ?? ''
    const attested = await kernell('market', 'attest', cheap, '--capability', 'gpu', '--data-dir', 'buyer')
    expect(told(attested)).toEqual({ seller: cheap, capabilities: ['gpu'] })
    const run = await buy('attested', '--max', '0.6', '--auction', 'first', '--needs', 'gpu')
    expect([run.code, told(run)]).toMatchObject([0, { worker: cheap, priceNanos: '500000000' }])
    const strict = await buy('strict', '--max', '0.6', '--min-reputation', '0.99')
    expect([strict.code, told(strict)]).toMatchObject([3, { error: { details: { code: 'BUY_NO_OFFER' } } }])
  })

  test('prices are known to who paid, was paid and bid', { timeout: 60_000 }, async () => {
    const prices = async (name: string): Promise<readonly Json[]> =>
      told(await kernell('market', 'prices', '--skill', 'text.word-count', '--data-dir', name))['prices'] as Json[]
    await expect.poll(async () => (await prices('buyer'))[0]?.['count'], { timeout: 10_000 }).toBe(3)
    expect((await prices('buyer'))[0]).toMatchObject({ medianNanos: '450000000', suggestedNanos: null })
    // One that it was paid in the auction that it won, and one of which it heard.
    const counts = async (): Promise<unknown> => (await prices('dear')).map(({ count, heard }) => [count, heard])
    await expect.poll(counts, { timeout: 10_000 }).toEqual([[1, 1]])
    const unnamed = await buy('unnamed')
    expect([unnamed.code, told(unnamed)]).toMatchObject([2, { error: { code: 'REQUEST_INVALID' } }])
  })
})
