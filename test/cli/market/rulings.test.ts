import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BinaryRun } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Four real processes: a notary whose owner is an arbiter as well, a seller, a buyer, another arbiter. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()

const dids = { notary: '', first: '', second: '', seller: '', buyer: '' }
let contract = ''
const act = async (dataDir: string, name: string, key: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await kernell('escrow', name, contract, '--idempotency-key', key, '--data-dir', dataDir, ...words)

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  writeFileSync(join(folder, 'why.txt'), 'I read both\n')
  writeFileSync(
    join(folder, 'timers.json'),
    JSON.stringify({ acceptMs: 60_000, evidenceMs: 4_000, ruleMs: 60_000, refundMs: 0 }),
  )
  dids.notary = await makeKey('notary', 'notary')
  dids.first = await makeKey('notary', 'escrow')
  dids.second = await makeKey('arbiter', 'escrow')
  dids.seller = await makeKey('seller', 'escrow')
  dids.buyer = await makeKey('buyer', 'escrow')
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  const notary = await start('notary', '--notary', '--trial')
  await start('arbiter', '--bootstrap', notary)
  await start('buyer', '--bootstrap', await start('seller'))
  const credits = ['--account', dids.buyer, '--amount', '1', '--currency', 'USD', '--idempotency-key', 'first']
  await kernell('ledger', 'issue', ...credits, '--data-dir', 'notary')
  const arbiters = ['--arbiter', dids.first, '--arbiter', dids.second]
  const offer = ['--skill', 'text.word-count', '--price', '0.5', ...arbiters]
  await kernell('market', 'offer', ...offer, '--data-dir', 'seller')
  const spans = ['--timers', 'timers.json', '--manual', '--wait', 'DELIVERED', '--idempotency-key', 'letter']
  const what = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--currency', 'USD']
  const bought = told(await kernell('market', 'buy', ...what, ...arbiters, ...spans, '--data-dir', 'buyer'))
  contract = String(bought['contract'])
}, 120_000)

afterAll(async () => {
  await end()
}, 60_000)

async function untilClosed(): Promise<void> {
  for (;;) {
    const { transitions } = told(await kernell('escrow', 'show', contract, '--data-dir', 'notary'))
    const [last] = (transitions as readonly Json[]).slice(-1)
    if (last?.['event'] === 'timer-fired' && last['to'] === 'DISPUTED') return
  }
}

describe('a dispute that two persons rule on', () => {
  test('ends by the split that both have signed', { timeout: 120_000 }, async () => {
    expect(contract).toMatch(/^[0-9a-f]{64}$/)
    const none = await act('notary', 'rule', 'early', '--amount', '0.2')
    expect([none.code, told(none)]).toMatchObject([3, { effect: 'refused', code: 'ESCROW_STATE_WRONG' }])
    expect((await act('buyer', 'reject', 'no', '--reason', 'wrong-language')).code).toBe(0)
    await untilClosed()
    const party = await act('seller', 'rule', 'mine', '--amount', '0.5')
    expect([party.code, told(party)]).toMatchObject([3, { code: 'ESCROW_SIGNER_WRONG', state: 'DISPUTED' }])
    const most = await act('notary', 'rule', 'most', '--amount', '0.6')
    expect([most.code, told(most)]).toMatchObject([3, { code: 'ESCROW_RULING_AMOUNT' }])
    const part = await act('notary', 'rule', 'one', '--amount', '0.2', '--evidence', 'why.txt')
    expect([part.code, told(part)]).toEqual([
      0,
      { contract, state: 'DISPUTED', effect: 'applied', code: null, receipt: null, ruling: { signed: 1, needed: 2 } },
    ])
    const changed = await act('notary', 'rule', 'two', '--amount', '0.3')
    expect([changed.code, told(changed)]).toMatchObject([3, { error: { code: 'MARKET_KEY_REUSED' } }])
    const whole = await act('arbiter', 'rule', 'one', '--amount', '0.2')
    expect([whole.code, told(whole)]).toMatchObject([0, { contract, effect: 'applied', code: null }])
    const again = await act('arbiter', 'rule', 'one', '--amount', '0.2')
    expect(told(again)).toMatchObject({ effect: 'exists', receipt: told(whole)['receipt'] })
    const shown = told(await kernell('escrow', 'show', contract, '--data-dir', 'buyer'))
    expect(shown).toMatchObject({ state: 'FINAL', capturedNanos: '200000000' })
    expect((shown['transitions'] as readonly Json[]).map(({ event }) => event)).toContain('ruled')
    const wordless = await act('arbiter', 'rule', 'none')
    expect([wordless.code, told(wordless)]).toMatchObject([2, { error: { code: 'REQUEST_INVALID' } }])
  })
})
