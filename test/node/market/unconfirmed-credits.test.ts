import { expect, it } from 'vitest'
import { CreditDesk } from '../../../src/node/market/desks/credit-desk.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld } from '../../market/parties/market-world.ts'
import { KEYS } from '../../market/parties/party-fixtures.ts'

const EUR = `EUR@${KEYS.rival.did}`
const UNKNOWN = { code: 'MARKET_REFUSED', details: { code: 'LEDGER_ISSUE_UNKNOWN' } }

type Outcome = 'confirmed' | 'reversed'

async function issuer(): Promise<{
  readonly issue: (key: string, nanos: string) => Promise<string>
  readonly reconcile: (key: string, issue: string, outcome: Outcome) => Promise<string>
  readonly redeem: () => Promise<unknown>
  /** Balances of the owner and of the issuer, by the kind of the account. */
  readonly balances: () => Promise<Readonly<Record<string, string>>>
  readonly stranger: CreditDesk
}> {
  const world = await MarketWorld.create()
  const deskOf = async (key: (typeof KEYS)[keyof typeof KEYS]): Promise<CreditDesk> => {
    const { party } = await world.party(key, createMemoryEventLog())
    return new CreditDesk({ party, notary: world.notary, recovery: undefined, accounts: { accounts: [] } })
  }
  const [desk, stranger] = [await deskOf(KEYS.rival), await deskOf(KEYS.buyer)]
  const account = KEYS.buyer.did
  return {
    stranger,
    issue: async (key, nanos) =>
      (await desk.issue({ op: 'issue', account, currency: 'EUR', key, nanos, isUnconfirmed: true })).transferId,
    reconcile: async (key, issue, outcome) =>
      (await desk.reconcile({ op: 'reconcile', key, transfer: issue, outcome })).status,
    redeem: async () => await stranger.redeem({ op: 'redeem', account, currency: EUR, key: 'back', nanos: '10' }),
    balances: async () => {
      const { ledgers } = await world.notary.accounts({ currency: EUR as never })
      const lines = ledgers.flatMap(({ accounts }) => accounts)
      return Object.fromEntries(lines.map(({ kind, balanceNanos }) => [kind, balanceNanos]))
    },
  }
}

it('makes credits spendable when their payment is confirmed, and does so once for a key', async () => {
  const { issue, reconcile, redeem, balances } = await issuer()
  const transfer = await issue('paid', '10')
  expect(await balances()).toEqual({ unreconciled: '10', issuer: '-10' })
  await expect(redeem()).rejects.toMatchObject({ details: { code: 'LEDGER_BALANCE_SHORT' } })
  expect(await reconcile('came', transfer, 'confirmed')).toBe('posted')
  expect(await balances()).toEqual({ unreconciled: '0', available: '10', issuer: '-10' })
  expect(await reconcile('came', transfer, 'confirmed')).toBe('exists')
  expect(await redeem()).toMatchObject({ status: 'posted' })
})

it('takes credits back whose payment did not come', async () => {
  const { issue, reconcile, balances } = await issuer()
  const transfer = await issue('unpaid', '10')
  expect(await reconcile('bounced', transfer, 'reversed')).toBe('posted')
  expect(await balances()).toEqual({ unreconciled: '0', issuer: '0' })
  expect(await reconcile('bounced', transfer, 'reversed')).toBe('exists')
})

it('refuses a transfer that is not there or was reconciled, and the key of another request', async () => {
  const { issue, reconcile, balances } = await issuer()
  const [transfer, other] = [await issue('one', '10'), await issue('two', '5')]
  await expect(reconcile('typo', '0'.repeat(32), 'confirmed')).rejects.toMatchObject(UNKNOWN)
  expect(await reconcile('came', transfer, 'confirmed')).toBe('posted')
  await expect(reconcile('again', transfer, 'confirmed')).rejects.toMatchObject(UNKNOWN)
  await expect(reconcile('late', transfer, 'reversed')).rejects.toMatchObject(UNKNOWN)
  await expect(reconcile('came', transfer, 'reversed')).rejects.toMatchObject({ code: 'MARKET_KEY_REUSED' })
  await expect(reconcile('came', other, 'confirmed')).rejects.toMatchObject({ code: 'MARKET_KEY_REUSED' })
  expect(await balances()).toEqual({ unreconciled: '5', available: '10', issuer: '-15' })
})

it('says what to name in place of a transfer that is refused', async () => {
  const { reconcile } = await issuer()
  const remedy = expect.stringMatching(/^Name the transfer of an issue that is not confirmed yet/)
  await expect(reconcile('typo', '0'.repeat(32), 'reversed')).rejects.toMatchObject({ details: { remedy } })
})

it('is for the issuer alone, and for a transfer and an outcome that have a name', async () => {
  const { issue, stranger, reconcile, balances } = await issuer()
  const transfer = await issue('one', '10')
  const theft = stranger.reconcile({ op: 'reconcile', key: 'mine', transfer, outcome: 'confirmed' })
  await expect(theft).rejects.toMatchObject({ code: 'MARKET_REFUSED', details: { code: 'LEDGER_SIGNER_WRONG' } })
  await expect(reconcile('k', 'EUR', 'confirmed')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  await expect(reconcile('k', transfer, 'perhaps' as Outcome)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  expect(await balances()).toEqual({ unreconciled: '10', issuer: '-10' })
})
