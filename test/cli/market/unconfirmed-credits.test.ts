import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BinaryRun, runBinary } from '../run-binary.ts'
import { type Json, openMarketFolder, told } from './market-folder.ts'

/** A real process: a notary alone that also issues. */
const { folder, environment, kernell, makeKey, start, end } = openMarketFolder()
let issuer = ''

beforeAll(async () => {
  const notary = await makeKey('issuer', 'notary')
  issuer = await makeKey('issuer', 'escrow')
  const member = `${notary}@/unix${join(folder, 'n.sock')}`
  await kernell('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
  await start('issuer', '--notary')
}, 60_000)

afterAll(async () => {
  await end()
}, 30_000)

const ledger = (...words: readonly string[]): readonly string[] => ['ledger', ...words, '--data-dir', 'issuer']
const credits = (key: string): readonly string[] =>
  ledger('issue', '--account', issuer, '--amount', '1', '--currency', 'USD', '--idempotency-key', key, '--unconfirmed')

/** What people read. */
async function printed(words: readonly string[]): Promise<BinaryRun> {
  return await runBinary(words, { folder, environment })
}

async function balances(): Promise<Json> {
  const { accounts } = told(await kernell(...ledger('list')))
  return Object.fromEntries((accounts as readonly Json[]).map(({ kind, balanceNanos }) => [kind, balanceNanos]))
}

describe('credits that are issued before their payment is confirmed', () => {
  test('say so with the commands that confirm and reject them, which work', { timeout: 60_000 }, async () => {
    const issued = await printed(credits('first'))
    const [, transfer = ''] = /kernell ledger confirm ([0-9a-f]{32}) --idempotency-key K/.exec(issued.output) ?? []
    expect(issued.output).toContain(`unconfirmed: nobody can spend them before \`kernell ledger confirm ${transfer}`)
    expect(issued.output).toContain(`\`kernell ledger reject ${transfer} --idempotency-key K\``)
    expect(told(await kernell(...credits('first')))).toMatchObject({ transferId: transfer, isConfirmed: false })
    expect(await balances()).toMatchObject({ unreconciled: '1000000000' })

    const confirm = ledger('confirm', transfer, '--idempotency-key', 'came')
    const first = await kernell(...confirm)
    const answer = { issue: transfer, outcome: 'confirmed', status: 'posted' }
    expect([first.code, told(first)]).toMatchObject([0, answer])
    expect(told(await kernell(...confirm))).toEqual({ ...told(first), status: 'exists' })
    expect((await printed(confirm)).output).toContain(`Confirmed the credits of transfer ${transfer}, done before`)
    expect(await balances()).toMatchObject({ unreconciled: '0', available: '1000000000' })

    const late = await kernell(...ledger('reject', transfer, '--idempotency-key', 'late'))
    const remedy = expect.stringMatching(/^Name the transfer/) as string
    const refused = { code: 'MARKET_REFUSED', details: { code: 'LEDGER_ISSUE_UNKNOWN', issue: transfer, remedy } }
    expect([late.code, told(late)]).toMatchObject([3, { error: refused }])

    const { transferId } = told(await kernell(...credits('second')))
    const rejected = await printed(ledger('reject', String(transferId), '--idempotency-key', 'bounced'))
    expect(rejected.output).toContain(`Rejected the credits of transfer ${String(transferId)}`)
    expect(await balances()).toMatchObject({ unreconciled: '0', available: '1000000000', issuer: '-1000000000' })
  })

  test('need a name that a transfer can have', { timeout: 30_000 }, async () => {
    for (const words of [[], ['USD']]) {
      const run = await kernell(...ledger('confirm', ...words, '--idempotency-key', 'k'))
      expect([run.code, told(run)]).toMatchObject([2, { error: { code: 'COMMAND_INVALID' } }])
    }
  })
})

describe('the help of `ledger issue`', () => {
  test('says that a later cap takes the place of the one before', { timeout: 30_000 }, async () => {
    const { output } = await printed(['help', 'ledger', 'issue'])
    expect(output).not.toMatch(/never pass|signed with the first issue/)
    expect(output).toMatch(/--cap .* later/s)
    const issueUnder = async (cap: string): Promise<number | null> =>
      (await kernell(...credits(`cap-${cap}`), '--cap', cap)).code
    expect([await issueUnder('3'), await issueUnder('2'), await issueUnder('4')]).toEqual([0, 3, 0])
  })
})
