import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BinaryRun } from '../run-binary.ts'
import { openMarketFolder, told } from './market-folder.ts'

/** Three real processes: a notary whose owner is the principal, a seller, and a buyer that acts for the principal. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()

const dids = { principal: '', seller: '', buyer: '' }
const WHAT = ['--skill', 'text.word-count', '--input', 'letter.txt', '--currency', 'USD', '--data-dir', 'buyer']

async function buy(key: string, max: string, ...words: readonly string[]): Promise<BinaryRun> {
  const timers = ['--timers', 'timers.json', '--max', max, '--idempotency-key', key]
  return await kernell('market', 'buy', ...WHAT, ...timers, ...words)
}

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  writeFileSync(join(folder, 'timers.json'), JSON.stringify({ refundMs: 0 }))
  const notary = await makeKey('principal', 'notary')
  dids.principal = await makeKey('principal', 'escrow')
  dids.seller = await makeKey('seller', 'escrow')
  dids.buyer = await makeKey('buyer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  const seller = await start('seller')
  await start('principal', '--notary', '--trial', '--bootstrap', seller)
  await start('buyer', '--bootstrap', seller)
  const credits = ['--account', dids.buyer, '--amount', '2', '--currency', 'USD', '--idempotency-key', 'first']
  await kernell('ledger', 'issue', ...credits, '--data-dir', 'principal')
  const offer = ['--skill', 'text.word-count', '--price', '0.4', '--for', dids.principal]
  expect((await kernell('market', 'offer', ...offer, '--data-dir', 'seller')).code).toBe(0)
}, 120_000)

afterAll(async () => {
  await end()
}, 60_000)

describe('a buyer that acts for somebody else', () => {
  test('shows a chain, within its limits, until it is revoked', { timeout: 180_000 }, async () => {
    const own = await buy('own', '0.5')
    expect([own.code, told(own)]).toMatchObject([3, { error: { details: { reason: 'MARKET_CAPABILITY_WRONG' } } }])

    const limits = ['--skill', 'text.word-count', '--max', '0.5', '--currency', 'USD', '--output', 'chain.json']
    const issue = await kernell('capability', 'issue', '--to', dids.buyer, ...limits, '--data-dir', 'principal')
    expect([issue.code, told(issue)]).toMatchObject([
      0,
      { isValid: true, subject: dids.principal, holder: dids.buyer, command: '/market/buy/text.word-count' },
    ])
    const shown = await kernell('capability', 'show', 'chain.json', '--data-dir', 'buyer')
    const currency = `USD@${dids.principal}`
    const policy = [
      ['<=', '.maxNanos', 500_000_000],
      ['==', '.currency', currency],
    ]
    expect([shown.code, told(shown)]).toMatchObject([0, { isValid: true, tokens: [{ policy }] }])

    const bought = await buy('one', '0.5', '--capability', 'chain.json', '--output', 'count.json')
    expect([bought.code, told(bought)]).toMatchObject([0, { state: 'FINAL', capturedNanos: '400000000' }])
    expect(readFileSync(join(folder, 'count.json'), 'utf8')).toContain('"words":3')
    const contract = String(told(bought)['contract'])
    await kernell('escrow', 'export', contract, '--output', 'c.json', '--data-dir', 'buyer')
    expect((await kernell('escrow', 'verify', 'c.json')).code).toBe(0)
    const stripped = readFileSync(join(folder, 'c.json'), 'utf8').replace(/,?\\"capability\\":\{[^}]*\}/, '')
    writeFileSync(join(folder, 'stripped.json'), stripped)
    expect((await kernell('escrow', 'verify', 'stripped.json')).code).toBe(1)

    const wider = ['--chain', 'chain.json', '--to', dids.seller, '--command', '/market/sell', '--data-dir', 'buyer']
    const refused = await kernell('capability', 'attenuate', ...wider)
    expect([refused.code, told(refused)]).toMatchObject([
      3,
      { error: { code: 'MARKET_REFUSED', details: { code: 'CAPABILITY_COMMAND_WIDENED' } } },
    ])
    const less = ['--chain', 'chain.json', '--to', dids.seller, '--skill', 'text.word-count', '--output', 'less.json']
    const attenuated = await kernell('capability', 'attenuate', ...less, '--data-dir', 'buyer')
    expect(told(attenuated)).toMatchObject({ isValid: true, holder: dids.seller })
    const notMine = await buy('less', '0.5', '--capability', 'less.json')
    expect([notMine.code, told(notMine)]).toMatchObject([
      3,
      { error: { code: 'CAPABILITY_CHAIN_REFUSED', details: { code: 'CAPABILITY_AUDIENCE_WRONG' } } },
    ])

    const listed = told(await kernell('capability', 'list', '--data-dir', 'principal'))
    expect(listed).toMatchObject({ tokens: [{ audience: dids.buyer, isRevoked: false }] })
    const stranger = await kernell('capability', 'revoke', 'chain.json', '--data-dir', 'seller')
    expect([stranger.code, told(stranger)]).toMatchObject([
      3,
      { error: { details: { code: 'CAPABILITY_REVOKER_WRONG' } } },
    ])
    const revoke = await kernell(
      'capability',
      'revoke',
      'chain.json',
      '--output',
      'gone.json',
      '--data-dir',
      'principal',
    )
    expect([revoke.code, told(revoke)]).toMatchObject([0, { notary: 'applied', peers: 1 }])
    const late = await buy('late', '0.5', '--capability', 'chain.json')
    expect([late.code, told(late)]).toMatchObject([3, { error: { details: { reason: 'CAPABILITY_REVOKED' } } }])
    const taken = await kernell('capability', 'revoke', 'gone.json', '--data-dir', 'buyer')
    expect([taken.code, told(taken)]).toMatchObject([0, { notary: 'exists' }])
    const gone = await kernell('capability', 'show', 'chain.json', '--data-dir', 'buyer')
    expect([gone.code, told(gone)]).toMatchObject([1, { isValid: false, code: 'CAPABILITY_REVOKED' }])
  })
})
