import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openMarketFolder, told } from './market-folder.ts'

/** Five real processes: a notary whose owner rules, a seller, two others that run its tasks again, a buyer that is never content. */
const { folder, kernell, makeKey, start, end } = openMarketFolder()

const dids = { arbiter: '', seller: '', first: '', second: '', buyer: '' }
let contract = ''

beforeAll(async () => {
  writeFileSync(join(folder, 'letter.txt'), 'one two three\n')
  writeFileSync(
    join(folder, 'again.json'),
    JSON.stringify({ kind: 're-execution-near', artifact: 'result', run: 'again', tolerance: '0' }),
  )
  const spans = { acceptMs: 60_000, evidenceMs: 3_000, ruleMs: 120_000, refundMs: 0 }
  writeFileSync(join(folder, 'timers.json'), JSON.stringify(spans))
  const notary = await makeKey('arbiter', 'notary')
  for (const name of ['arbiter', 'seller', 'first', 'second', 'buyer'] as const)
    dids[name] = await makeKey(name, 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  const seller = await start('seller')
  const others = [await start('first'), await start('second')]
  await start('arbiter', '--notary', '--trial', ...[seller, ...others].flatMap((address) => ['--bootstrap', address]))
  await start('buyer', '--bootstrap', seller)
  const credits = ['--account', dids.buyer, '--amount', '1', '--currency', 'USD', '--idempotency-key', 'first']
  await kernell('ledger', 'issue', ...credits, '--data-dir', 'arbiter')
  const offer = ['--skill', 'text.word-count', '--price', '0.5', '--agent', 'word-count']
  await kernell('market', 'offer', ...offer, '--arbiter', dids.arbiter, '--data-dir', 'seller')
  for (const name of ['first', 'second']) await kernell('market', 'offer', ...offer, '--replicate', '--data-dir', name)
  const what = ['--skill', 'text.word-count', '--input', 'letter.txt', '--max', '0.5', '--currency', 'USD']
  const ruled = ['--arbiter', dids.arbiter, '--dispute-bond', '0.1', '--arbiter-fee', '0.05', '--accept', 'again.json']
  const wait = ['--timers', 'timers.json', '--manual', '--wait', 'DELIVERED', '--idempotency-key', 'letter']
  const bought = await kernell('market', 'buy', ...what, ...ruled, ...wait, '--data-dir', 'buyer')
  expect([bought.code, told(bought)]).toMatchObject([0, { state: 'DELIVERED' }])
  contract = String(told(bought)['contract'])
}, 300_000)

afterAll(async () => {
  await end()
}, 120_000)

describe('a dispute about a task that others can run again', () => {
  test('is looked into by replicas before the arbiter rules, and pays the arbiter', { timeout: 300_000 }, async () => {
    expect(contract).toMatch(/^[0-9a-f]{64}$/)
    const early = await kernell('escrow', 'replicate', contract, '--data-dir', 'arbiter')
    expect([early.code, told(early)]).toMatchObject([3, { error: { details: { code: 'ESCROW_STATE_WRONG' } } }])
    const reject = [
      'escrow',
      'reject',
      contract,
      '--reason',
      'dislike',
      '--idempotency-key',
      'no',
      '--data-dir',
      'buyer',
    ]
    expect((await kernell(...reject)).code).toBe(0)
    for (const name of ['first', 'second'] as const)
      await kernell('market', 'attest', dids[name], '--capability', 'replica', '--data-dir', 'arbiter')
    let looked = await kernell('escrow', 'replicate', contract, '--data-dir', 'arbiter')
    // Evidence is taken for three seconds.
    for (let tries = 0; looked.code === 3 && tries < 20; tries += 1)
      looked = await kernell('escrow', 'replicate', contract, '--data-dir', 'arbiter')
    const { delivered, replicas } = told(looked)
    expect([looked.code, told(looked)]).toMatchObject([0, { outcome: 'passed', workerNanos: '500000000' }])
    expect(replicas).toMatchObject({ result: delivered, dissented: [], silent: [] })
    const { agreed } = replicas as { readonly agreed: readonly string[] }
    expect([...agreed].toSorted()).toEqual([dids.first, dids.second].toSorted())
    const stranger = await kernell('escrow', 'replicate', contract, '--data-dir', 'seller')
    expect([stranger.code, told(stranger)]).toMatchObject([3, { error: { details: { code: 'ESCROW_SIGNER_WRONG' } } }])
    const rule = ['--amount', '0.5', '--idempotency-key', 'found', '--data-dir', 'arbiter']
    expect((await kernell('escrow', 'rule', contract, ...rule)).code).toBe(0)
    const shown = told(await kernell('escrow', 'show', contract, '--data-dir', 'buyer'))
    expect(shown).toMatchObject({ state: 'FINAL', capturedNanos: '500000000' })
    const ledger = told(await kernell('ledger', 'list', '--data-dir', 'arbiter'))
    const accounts = ledger['accounts'] as readonly { readonly id: string; readonly balanceNanos: string }[]
    const balances = Object.fromEntries(accounts.map(({ id, balanceNanos }) => [id, balanceNanos]))
    const earned = Object.entries(balances).filter(([id]) => id.includes(dids.arbiter) && id.includes('arbiter/'))
    expect(earned.map(([, nanos]) => nanos)).toEqual(['50000000'])
  })
})
