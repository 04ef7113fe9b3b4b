import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, runBinary } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** Real processes: a notary that also issues, an owner of credits, and its recovery key in a directory of its own. */
const { folder, environment, kernell, makeKey, start, stop, end } = openMarketFolder()
const dids = { notary: '', issuer: '', owner: '', recoverer: '' }

async function move(word: 'issue' | 'redeem', key: string, ...words: readonly string[]): Promise<BinaryRun> {
  return await kernell('ledger', word, '--idempotency-key', key, ...words)
}

async function balanceOf(owner: string, currency: string): Promise<string | undefined> {
  const run = await runBinary(['ledger', 'list', '--json', '--data-dir', 'notary'], { folder, environment })
  const lists = run.output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json)
  const all = lists.flatMap((list) => ('ledgers' in list ? (list['ledgers'] as Json[]) : [list]))
  const accounts = all.find((ledger) => ledger['currency'] === currency)?.['accounts'] as Json[] | undefined
  const line = accounts?.find((account) => account['owner'] === owner && account['kind'] === 'available')
  return line === undefined ? undefined : String(line['balanceNanos'])
}

beforeAll(async () => {
  dids.notary = await makeKey('notary', 'notary')
  dids.issuer = await makeKey('notary', 'escrow')
  dids.recoverer = await makeKey('recovery', 'escrow')
  dids.owner = await makeKey('owner', 'escrow', '--recovery-key', dids.recoverer, '--recovery-delay', '1')
  const member = `${dids.notary}@/unix${join(folder, 'n.sock')}`
  expect((await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')).code).toBe(0)
  await start('notary', '--notary')
}, 120_000)

afterAll(async () => {
  for (const name of ['owner', 'recovery', 'notary']) await stop(name)
  await end()
}, 60_000)

describe('an escrow key that is rotated', () => {
  test('strands neither credits nor the currency that it issues', { timeout: 120_000 }, async () => {
    const usd = `USD@${dids.issuer}`
    const own = ['--account', dids.issuer, '--data-dir', 'notary'] as const
    expect((await move('issue', 'a1', '--amount', '1.5', '--currency', 'USD', ...own)).code).toBe(0)
    expect((await move('redeem', 'a2', '--amount', '1', '--currency', usd, ...own)).code).toBe(0)
    const busy = await kernell('key', 'rotate', '--role', 'escrow', '--data-dir', 'notary')
    expect([busy.code, told(busy)]).toMatchObject([
      1,
      {
        error: { code: 'STORE_LOCKED', details: { remedy: expect.stringMatching(/^Stop that node first/) as string } },
      },
    ])
    await stop('notary')
    const member = await kernell('key', 'rotate', '--role', 'notary', '--data-dir', 'notary')
    expect([member.code, told(member)]).toMatchObject([3, { error: { code: 'KEY_IN_NOTARY_SET' } }])
    const next = String(told(await kernell('key', 'rotate', '--role', 'escrow', '--data-dir', 'notary'))['did'])
    await start('notary', '--notary')

    const collected = await kernell('ledger', 'collect', '--data-dir', 'notary')
    expect(told(collected)).toMatchObject({
      accounts: [
        { account: dids.issuer, standing: 'signs', code: null },
        { account: dids.notary, collected: [], code: null },
      ],
    })
    expect([await balanceOf(dids.issuer, usd), await balanceOf(next, usd)]).toEqual(['0', '500000000'])
    const back = await move(
      'redeem',
      'a3',
      '--account',
      next,
      '--amount',
      '0.25',
      '--currency',
      usd,
      '--data-dir',
      'notary',
    )
    expect([back.code, told(back)]).toMatchObject([0, { status: 'posted' }])
    const more = await move(
      'issue',
      'a4',
      '--account',
      next,
      '--amount',
      '2',
      '--currency',
      'USD',
      '--data-dir',
      'notary',
    )
    expect([more.code, told(more)]).toMatchObject([0, { currency: usd, status: 'posted' }])
    expect(await balanceOf(next, usd)).toBe('2250000000')
    const shown = await kernell('ledger', 'recovery', 'show', '--data-dir', 'notary')
    expect(told(shown)).toMatchObject({
      account: next,
      authority: next,
      former: [{ account: dids.issuer, authority: next, former: 'rotated' }],
    })
    const given = await kernell('ledger', 'give-up', '--account', dids.issuer, '--data-dir', 'notary')
    expect([given.code, told(given)]).toMatchObject([0, { account: dids.issuer, former: 'lost', authority: next }])
    const wrong = await kernell('ledger', 'give-up', '--account', next, '--data-dir', 'notary')
    expect([wrong.code, told(wrong)]).toMatchObject([2, { error: { code: 'REQUEST_INVALID' } }])
  })
})

describe('a recovery', () => {
  test('is asked for with the recovery key, seen by the owner, and stopped by it', { timeout: 120_000 }, async () => {
    await start('owner')
    await start('recovery')
    const successor = await makeKey('new', 'escrow')
    const shown = async (): Promise<Json> => told(await kernell('ledger', 'recovery', 'show', '--data-dir', 'owner'))
    await kernell('ledger', 'collect', '--data-dir', 'owner')
    expect(await shown()).toMatchObject({ authority: dids.owner, recoveryKey: dids.recoverer, recovery: null })

    const naming = ['--account', dids.owner, '--successor', successor] as const
    const thief = await kernell('ledger', 'recovery', 'request', ...naming, '--data-dir', 'notary')
    expect([thief.code, told(thief)]).toMatchObject([3, { error: { details: { code: 'LEDGER_SIGNER_WRONG' } } }])
    const asked = await kernell('ledger', 'recovery', 'request', ...naming, '--data-dir', 'recovery')
    expect([asked.code, told(asked)]).toMatchObject([0, { account: dids.owner, recovery: { successor } }])
    const early = await kernell('ledger', 'recovery', 'complete', '--account', dids.owner, '--data-dir', 'recovery')
    expect([early.code, told(early)]).toMatchObject([3, { error: { details: { code: 'LEDGER_RECOVERY_EARLY' } } }])
    const text = await runBinary(['ledger', 'recovery', 'show', '--data-dir', 'owner'], { folder, environment })
    expect(text.output).toMatch(new RegExp(`UNDER WAY ${successor} takes its place from 20.*unless somebody objects`))
    const stopped = await kernell('ledger', 'recovery', 'cancel', '--data-dir', 'owner')
    expect([stopped.code, told(stopped)]).toMatchObject([0, { account: dids.owner, recovery: null }])
    const nothing = await kernell('ledger', 'recovery', 'cancel', '--data-dir', 'owner')
    expect([nothing.code, told(nothing)]).toMatchObject([3, { error: { details: { code: 'LEDGER_RECOVERY_STATE' } } }])
  })

  test('makes a key whose node waits for it', { timeout: 120_000 }, async () => {
    const out = ['--output', 'recovery.key', '--data-dir', 'recovery'] as const
    expect((await kernell('key', 'export', '--role', 'escrow', ...out)).code).toBe(0)
    writeFileSync(
      join(folder, 'owner.json'),
      (await kernell('key', 'show', '--role', 'escrow', '--data-dir', 'owner')).output,
    )
    const from = ['--statements', 'owner.json', '--recovery-bundle', 'recovery.key', '--data-dir', 'again'] as const
    const made = told(await kernell('key', 'recover', '--role', 'escrow', ...from))
    const naming = ['--account', dids.owner, '--successor', String(made['did'])] as const
    expect((await kernell('ledger', 'recovery', 'request', ...naming, '--data-dir', 'recovery')).code).toBe(0)
    await start('again')
    const waiting = told(await kernell('ledger', 'collect', '--data-dir', 'again'))
    await stop('again')
    expect(waiting).toMatchObject({ accounts: [{ account: dids.owner, standing: 'recovering', collected: [] }] })
    expect(JSON.stringify(waiting)).toMatch(/"completesAt":1[0-9]{12}/)
  })
})
