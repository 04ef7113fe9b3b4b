import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Four real processes over libp2p: a notary, a node that only passes on, a seller and a buyer that both know that one alone. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()
const TCP = ['--listen', '/ip4/127.0.0.1/tcp/0']
let seller = ''

const line = (words: string): readonly string[] => words.split(' ')
const WANTED = line(
  '--skill text.word-count --input letter.txt --max 0.5 --custody C2 --data-dir buyer --auction first',
)

beforeAll(async () => {
  const notary = await makeKey('notary', 'notary')
  await makeKey('notary', 'escrow')
  seller = await makeKey('seller', 'escrow')
  const buyer = await makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  writeFileSync(join(folder, 'letter.txt'), 'one two three')
  await start('notary', '--notary')
  for (const account of [buyer, seller]) {
    const deposit = line('--amount 1 --currency USD --data-dir notary')
    await kernell('ledger', 'issue', '--account', account, ...deposit, '--idempotency-key', account.slice(-20))
  }
  const middle = await start('middle', ...TCP)
  await start('seller', ...TCP, '--bootstrap', middle)
  await start('buyer', ...TCP, '--bootstrap', middle)
  await kernell('market', 'offer', '--skill', 'text.word-count', '--price', '0.25', '--data-dir', 'seller')
}, 110_000)

afterAll(async () => await end(), 30_000)

describe('a seller of whom the buyer has never heard', () => {
  test('is not found by an auction among those that are known', { timeout: 60_000 }, async () => {
    const bought = await kernell('market', 'buy', ...WANTED, '--idempotency-key', 'known')
    expect([bought.code, told(bought)]).toMatchObject([3, { error: { details: { code: 'BUY_NO_OFFER' } } }])
  })

  test('hears an open call from a third node, bids, and is paid', { timeout: 100_000 }, async () => {
    const dry = told(await kernell('market', 'buy', ...WANTED, '--open-call', '--dry-run', '--idempotency-key', 'dry'))
    const everybody = (dry['discloses'] as readonly Json[]).find(({ to }) => to === 'everybody')
    expect(String(everybody?.['what'])).toContain('nothing of the input')
    const bought = await kernell('market', 'buy', ...WANTED, '--open-call', '--idempotency-key', 'open')
    expect(bought.code).toBe(0)
    expect(told(bought)).toMatchObject({ state: 'FINAL', worker: seller, priceNanos: '250000000' })
  })
})
