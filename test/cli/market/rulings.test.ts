import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, runBinary } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Five real processes: a notary whose owner is an arbiter as well, a seller, a buyer, two other arbiters. */
const { folder, environment, kernell, makeKey, start, end } = openMarketFolder()

const dids = { notary: '', first: '', second: '', third: '', seller: '', buyer: '' }
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
  dids.third = await makeKey('another', 'escrow')
  dids.seller = await makeKey('seller', 'escrow')
  dids.buyer = await makeKey('buyer', 'escrow')
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  const notary = await start('notary', '--notary', '--trial')
  const arbiter = await start('arbiter', '--bootstrap', notary)
  await start('another', '--bootstrap', notary, '--bootstrap', arbiter)
  await start('buyer', '--bootstrap', await start('seller'))
  const credits = ['--account', dids.buyer, '--amount', '1', '--currency', 'USD', '--idempotency-key', 'first']
  await kernell('ledger', 'issue', ...credits, '--data-dir', 'notary')
  const arbiters = ['--arbiter', dids.first, '--arbiter', dids.second, '--arbiter', dids.third]
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

async function show(dataDir: string): Promise<Json> {
  return told(await kernell('escrow', 'show', contract, '--data-dir', dataDir))
}

async function untilClosed(): Promise<void> {
  for (;;) {
    const { transitions } = await show('notary')
    const [last] = (transitions as readonly Json[]).slice(-1)
    if (last?.['event'] === 'timer-fired' && last['to'] === 'DISPUTED') return
  }
}

async function rowsOf(dataDir: string): Promise<readonly unknown[]> {
  return told(await kernell('escrow', 'inbox', '--data-dir', dataDir))['rows'] as readonly unknown[]
}

const fifth = (): Json => ({ workerNanos: '200000000', arbiters: [dids.first] })
const quarter = (): Json => ({ workerNanos: '250000000', arbiters: [dids.second] })
const silent = (...names: readonly string[]): readonly string[] => names.toSorted()

describe('a dispute on which two of three persons rule, each of another opinion', () => {
  test("is in nobody else's hands, and open to none before its record is closed", { timeout: 120_000 }, async () => {
    expect(contract).toMatch(/^[0-9a-f]{64}$/)
    const none = await act('notary', 'rule', 'early', '--amount', '0.2')
    expect([none.code, told(none)]).toMatchObject([3, { effect: 'refused', code: 'ESCROW_STATE_WRONG' }])
    expect(await show('notary')).toMatchObject({ ruling: null })
    expect((await act('buyer', 'reject', 'no', '--reason', 'wrong-language')).code).toBe(0)
    await untilClosed()
    const party = await act('seller', 'rule', 'mine', '--amount', '0.5')
    expect([party.code, told(party)]).toMatchObject([3, { code: 'ESCROW_SIGNER_WRONG', state: 'DISPUTED' }])
    expect(await show('seller')).toMatchObject({ state: 'DISPUTED', ruling: null })
    const most = await act('notary', 'rule', 'most', '--amount', '0.6')
    expect([most.code, told(most)]).toMatchObject([3, { code: 'ESCROW_RULING_AMOUNT' }])
    const unheard = await act('notary', 'rule', 'like', '--like', dids.second)
    expect([unheard.code, told(unheard)]).toMatchObject([3, { code: 'MARKET_RULING_UNKNOWN' }])
  })

  test(
    'shows the first split to the second arbiter, who signs its own beside it only by saying so',
    { timeout: 120_000 },
    async () => {
      const part = await act('notary', 'rule', 'one', '--amount', '0.2', '--evidence', 'why.txt')
      const first = { signed: 1, needed: 2, mine: '200000000', splits: [fifth()] }
      const alone = { contract, state: 'DISPUTED', effect: 'applied', code: null, receipt: null }
      expect([part.code, told(part)]).toEqual([
        0,
        { ...alone, ruling: { ...first, silent: silent(dids.second, dids.third) } },
      ])
      const changed = await act('notary', 'rule', 'two', '--amount', '0.3')
      expect([changed.code, told(changed)]).toMatchObject([3, { error: { code: 'MARKET_KEY_REUSED' } }])
      expect(await rowsOf('notary')).toEqual([])

      const other = await act('arbiter', 'rule', 'one', '--amount', '0.25')
      const shown = { signed: 1, needed: 2, mine: null, splits: [fifth()], silent: silent(dids.second, dids.third) }
      expect([other.code, told(other)]).toMatchObject([
        3,
        { effect: 'refused', code: 'MARKET_RULING_DIFFERS', ruling: shown },
      ])
      expect(await show('arbiter')).toMatchObject({ state: 'DISPUTED', ruling: shown })
      const seen = await runBinary(['escrow', 'show', contract, '--data-dir', 'arbiter'], { folder, environment })
      expect(seen.output).toContain(`0.2 to the worker\n    ${dids.first}\n  nothing shown by`)
      expect(await rowsOf('arbiter')).toMatchObject([{ act: 'rule', contract, role: 'arbiter', ruling: shown }])
      const apart = await act('arbiter', 'rule', 'one', '--amount', '0.25', '--apart')
      expect([apart.code, told(apart)]).toMatchObject([
        0,
        { effect: 'applied', ruling: { signed: 1, mine: '250000000', splits: [fifth(), quarter()] } },
      ])
      expect(await rowsOf('arbiter')).toEqual([])
      const second = await act('arbiter', 'rule', 'three', '--like', dids.first)
      expect([second.code, told(second)]).toMatchObject([3, { error: { code: 'MARKET_KEY_REUSED' } }])
    },
  )

  test(
    'ends when the third, of another opinion still, co-signs one that it is shown',
    { timeout: 120_000 },
    async () => {
      const splits = [fifth(), quarter()]
      const third = await act('another', 'rule', 'own', '--amount', '0.3')
      expect([third.code, told(third)]).toMatchObject([
        3,
        { code: 'MARKET_RULING_DIFFERS', ruling: { mine: null, splits, silent: [dids.third] } },
      ])
      const both = await act('another', 'rule', 'one', '--amount', '0.2', '--like', dids.first)
      expect([both.code, told(both)]).toMatchObject([2, { error: { code: 'REQUEST_INVALID' } }])
      const wordless = await act('another', 'rule', 'none')
      expect([wordless.code, told(wordless)]).toMatchObject([2, { error: { code: 'REQUEST_INVALID' } }])
      const whole = await act('another', 'rule', 'one', '--like', dids.first)
      expect([whole.code, told(whole)]).toMatchObject([0, { contract, effect: 'applied', code: null }])
      const again = await act('another', 'rule', 'one', '--like', dids.first)
      expect(told(again)).toMatchObject({ effect: 'exists', receipt: told(whole)['receipt'] })
      const ended = await show('buyer')
      expect(ended).toMatchObject({ state: 'FINAL', capturedNanos: '200000000' })
      expect((ended['transitions'] as readonly Json[]).map(({ event }) => event)).toContain('ruled')
      expect(await rowsOf('another')).toEqual([])
    },
  )
})
