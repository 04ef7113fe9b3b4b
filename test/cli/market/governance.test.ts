import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, runBinary } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** A notary whose operator votes too, and a second voter. */
const { folder, environment, kernell, makeKey, start, stop, end } = openMarketFolder()

type Shown = Json & { readonly id: string; readonly executableAt: number; readonly state: string }

const govern = async (dataDir: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await kernell('governance', ...words, '--data-dir', dataDir)

const dids = { operator: '', voter: '' }
const codeOf = (run: BinaryRun): unknown => [
  run.code,
  (told(run)['error'] as { readonly details?: { readonly code?: string } }).details?.code,
]
const proposalIn = (run: BinaryRun): Shown => told(run)['proposal'] as Shown

beforeAll(async () => {
  const notary = await makeKey('notary', 'notary')
  dids.operator = await makeKey('notary', 'escrow')
  dids.voter = await makeKey('voter', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  expect((await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')).code).toBe(0)
  const rows = [
    { voter: dids.operator, weight: '60' },
    { voter: dids.voter, weight: '40' },
  ]
  writeFileSync(join(folder, 'weights.json'), JSON.stringify({ source: 'stake', rows }))
  await start('notary', '--notary', '--trial')
  await start('voter')
}, 300_000)

afterAll(async () => {
  for (const name of ['voter', 'notary']) await stop(name)
  await end()
}, 120_000)

describe('governance over the command line', () => {
  let first = ''
  let carried: Shown | undefined

  test('begins with the set of the operator, and nobody has weight', { timeout: 240_000 }, async () => {
    const view = told(await govern('voter', 'list'))
    first = String(view['current'])
    expect(view).toMatchObject({
      weights: null,
      proposals: [],
      sets: [{ hash: first, name: 'trial', isInForce: true, liveContracts: 0 }],
      beside: [{ name: 'default' }],
    })
    expect(codeOf(await govern('voter', 'propose', 'minimum.acceptMs=200'))).toEqual([3, 'GOVERNANCE_VOTER_WEIGHTLESS'])
    const elsewhere = await govern('voter', 'weights', 'weights.json')
    expect([elsewhere.code, told(elsewhere)]).toMatchObject([1, { error: { code: 'MARKET_ROLE_MISSING' } }])
    const published = await govern('notary', 'weights', 'weights.json')
    expect([published.code, told(published)]).toMatchObject([0, { inForce: true, voters: 2 }])
    const after = told(await govern('voter', 'show'))
    expect(after).toMatchObject({
      weight: '40',
      me: dids.voter,
      beside: [],
      weights: { total: '100', source: 'stake' },
    })
  })

  test('a proposal is voted on, waits, and is in force once it is executed', { timeout: 300_000 }, async () => {
    const proposed = await govern('voter', 'propose', 'minimum.acceptMs=200', '--note', 'more time')
    expect([proposed.code, told(proposed)['effect']]).toEqual([0, 'applied'])
    const { id, executableAt } = (carried = proposalIn(proposed))
    expect((await govern('notary', 'vote', id, 'for')).code).toBe(0)
    expect(codeOf(await govern('notary', 'vote', id, 'against'))).toEqual([3, 'GOVERNANCE_VOTE_EXISTS'])
    const again = await govern('voter', 'propose', 'minimum.acceptMs=200', '--note', 'more time')
    expect(proposalIn(again).id).toBe(id)
    const other = proposalIn(await govern('voter', 'propose', 'minimum.acceptMs=300')).id
    expect(codeOf(await govern('notary', 'cancel', other))).toEqual([3, 'GOVERNANCE_SIGNER_WRONG'])
    expect(proposalIn(await govern('voter', 'cancel', other.slice(0, 12))).state).toBe('cancelled')
    expect(told(await govern('voter', 'show', id))).toMatchObject({
      state: 'voting',
      tally: { for: '60', total: '100' },
    })
    expect((await govern('voter', 'execute', id)).code).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, executableAt - Date.now()) + 200))
    const executed = await govern('voter', 'execute', id)
    expect([executed.code, proposalIn(executed).state]).toEqual([0, 'executed'])
    expect(told(executed)['current']).not.toBe(first)
    const shown = told(await govern('voter', 'show', String(told(executed)['current'])))
    expect(shown).toMatchObject({ isInForce: true, values: { 'minimum.acceptMs': '200' } })
  })

  test('votes are delegated among voters alone', { timeout: 240_000 }, async () => {
    const stranger = `did:key:z6Mk${'a'.repeat(44)}`
    expect(codeOf(await govern('voter', 'delegate', stranger))).toEqual([3, 'GOVERNANCE_DELEGATE_WEIGHTLESS'])
    expect(told(await govern('voter', 'delegate', dids.operator))).toMatchObject({
      effect: 'applied',
      to: dids.operator,
    })
    expect(told(await govern('voter', 'list'))['delegations']).toEqual([{ from: dids.voter, to: dids.operator }])
    expect(told(await govern('voter', 'delegate', '--none'))).toMatchObject({ effect: 'applied', to: null })
    expect((await govern('voter', 'delegate')).code).toBe(2)
    const text = await runBinary(['governance', 'show', '--data-dir', 'voter'], { folder, environment })
    expect(text.output).toContain(`${dids.voter} (this node)`)
    const list = await runBinary(['governance', 'list', '--data-dir', 'voter'], { folder, environment })
    expect(list.output).toContain(String(carried?.id.slice(0, 12)))
    const unknown = await govern('voter', 'vote', 'ffffffffff', 'for')
    expect([unknown.code, told(unknown)]).toMatchObject([1, { error: { code: 'MARKET_OBJECT_UNKNOWN' } }])
  })

  test('all of it is in the books, which anybody verifies', { timeout: 300_000 }, async () => {
    const before = told(await govern('notary', 'list'))
    await stop('voter')
    await stop('notary')
    const { me: _, weight: _weight, delegatesTo: _to, ...rest } = before
    expect(told(await govern('notary', 'list'))).toMatchObject(rest)
    const verified = told(await kernell('ledger', 'verify', 'notary', '--notary-set', 'set.json'))
    expect(verified).toMatchObject({ ok: true })
    expect(Number(verified['signaturesChecked'])).toBeGreaterThanOrEqual(8)
    const missing = await govern('voter', 'list')
    expect([missing.code, told(missing)]).toMatchObject([1, { error: { code: 'MARKET_NODE_MISSING' } }])
    await start('notary', '--notary')
    expect(told(await govern('notary', 'list'))).toMatchObject(rest)
  })
})
