import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Four real processes: a notary, a node that only passes on, a seller and a buyer that both know that one alone. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()
const TCP = ['--listen', '/ip4/127.0.0.1/tcp/0']

beforeAll(async () => {
  const notary = await makeKey('notary', 'notary')
  await makeKey('notary', 'escrow')
  await makeKey('seller', 'escrow')
  const buyer = await makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  writeFileSync(join(folder, 'buyer.json'), JSON.stringify({ market: { discover: true } }))
  writeFileSync(join(folder, 'letter.txt'), 'one two three')
  await start('notary', '--notary')
  const deposit = ['--amount', '1', '--currency', 'USD', '--idempotency-key', 'deposit', '--data-dir', 'notary']
  await kernell('ledger', 'issue', '--account', buyer, ...deposit)
  const middle = await start('middle', ...TCP)
  await start('seller', ...TCP, '--bootstrap', middle)
  await start('buyer', ...TCP, '--bootstrap', middle, '--config', 'buyer.json')
  await kernell('market', 'offer', '--skill', 'text.word-count', '--price', '0.25', '--data-dir', 'seller')
}, 110_000)

afterAll(async () => await end(), 30_000)

describe('a seller that nobody has named', () => {
  test('is found by its card, and paid for its work', { timeout: 100_000 }, async () => {
    let sellers: readonly Json[] = []
    // The card is said when the node looks next.
    for (let tries = 0; tries < 20 && sellers.length === 0; tries += 1)
      sellers = told(await kernell('market', 'sellers', '--data-dir', 'buyer'))['sellers'] as readonly Json[]
    expect(sellers).toMatchObject([{ isKnown: false, offers: [{ skill: 'text.word-count', priceNanos: '250000000' }] }])
    const words = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--custody', 'C2']
    const bought = await kernell('market', 'buy', ...words, '--idempotency-key', 'letter', '--data-dir', 'buyer')
    expect([bought.code, bought.errors]).toEqual([0, ''])
    // From then on the seller's card shows what its payer has signed.
    let [shown] = sellers
    for (let tries = 0; tries < 40 && receiptsOf(shown).length === 0; tries += 1)
      [shown] = told(await kernell('market', 'sellers', '--data-dir', 'buyer'))['sellers'] as readonly Json[]
    expect(shown).toMatchObject({ receipts: [{ endedAt: expect.any(Number) }] })
  })
})

function receiptsOf(seller: Json | undefined): readonly unknown[] {
  const { receipts } = seller ?? {}
  return Array.isArray(receipts) ? receipts : []
}
