import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BinaryRun } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** A notary, a seller that gives back what it gets, and a buyer, each its own process. */
const market = openMarketFolder()
const { folder, kernell } = market
/** More than any frame, and no multiple of a piece. */
const LENGTH = 3 * 1024 * 1024 + 12_345
const dids = { buyer: '' }

const line = (words: string): readonly string[] => words.split(' ')
const buy = (key: string, ...words: readonly string[]): Promise<BinaryRun> =>
  kernell(
    ...line('market buy --skill bytes.echo --input large.bin --max 0.6 --currency USD --data-dir buyer'),
    ...line(`--idempotency-key ${key}`),
    ...words,
  )

function digest(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(folder, file)))
    .digest('hex')
}

beforeAll(async () => {
  const notary = await market.makeKey('notary', 'notary')
  await market.makeKey('notary', 'escrow')
  await market.makeKey('seller', 'escrow')
  dids.buyer = await market.makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  await market.start('notary', '--notary')
  const seller = await market.start('seller')
  await market.start('buyer', '--bootstrap', seller)
  writeFileSync(join(folder, 'large.bin'), randomBytes(LENGTH))
  await kernell(
    ...line(`ledger issue --account ${dids.buyer} --amount 2 --currency USD --idempotency-key one --data-dir notary`),
  )
  await kernell(
    ...line('market offer --skill bytes.echo --price 0.5 --agent echo --input-max 4000000 --data-dir seller'),
  )
}, 120_000)

afterAll(async () => await market.end(), 60_000)

describe('a file that does not fit one message', () => {
  test('goes to the seller and comes back, byte for byte', { timeout: 60_000 }, async () => {
    const run = await buy('large', '--output', 'back.bin')
    expect([run.code, told(run)['state']]).toEqual([0, 'FINAL'])
    expect(digest('back.bin')).toBe(digest('large.bin'))
    expect(existsSync(join(folder, 'back.bin.part'))).toBe(false)
    const size = `${LENGTH} bytes`
    expect(JSON.stringify((told(run) as { discloses: Json[] }).discloses)).toContain(size)
  })

  test(
    'is the same purchase when it is asked for again, and another file is another one',
    { timeout: 60_000 },
    async () => {
      const again = await buy('large', '--output', 'again.bin')
      expect([again.code, told(again)['effect']]).toEqual([0, 'exists'])
      expect(digest('again.bin')).toBe(digest('large.bin'))
      writeFileSync(join(folder, 'large.bin'), randomBytes(LENGTH))
      const other = await buy('large')
      expect([other.code, told(other)]).toMatchObject([3, { error: { code: 'MARKET_KEY_REUSED' } }])
    },
  )

  test('that is larger than a seller takes is not bought', { timeout: 60_000 }, async () => {
    writeFileSync(join(folder, 'large.bin'), randomBytes(4_500_000))
    const run = await buy('larger')
    expect([run.code, told(run)]).toMatchObject([3, { error: { details: { code: 'BUY_NO_OFFER' } } }])
    expect(run.output).toContain('4000000 are the most that a seller of bytes.echo takes')
    // Nor is one handed in that is larger than the buyer's own node keeps.
    truncateSync(join(folder, 'large.bin'), 80 * 1024 * 1024)
    const huge = await buy('huge')
    expect([huge.code, told(huge)]).toMatchObject([3, { error: { details: { code: 'BUY_NO_OFFER' } } }])
  })
})
