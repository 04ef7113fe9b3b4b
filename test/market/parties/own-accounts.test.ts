import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { OwnAccounts, type OwnAccountsInit } from '../../../src/market/parties/accounts/own-accounts.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { IOU, MarketWorld, nanos, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const RECOVERY = { key: KEYS.recoverer.did, delayMs: HOUR_MS }

function accountsOf(party: Party, init: Partial<OwnAccountsInit> = {}): OwnAccounts {
  return new OwnAccounts({ party, former: [], recovery: undefined, ...init })
}

/** A runner that waits until the test lets it go on. */
function waitingRunner(): { readonly runner: TaskRunner; readonly go: () => void } {
  const gate = Promise.withResolvers<void>()
  return {
    runner: {
      run: async (task, controls) => {
        await gate.promise
        return await WORD_COUNTER.run(task, controls)
      },
    },
    go: gate.resolve,
  }
}

describe('a rotation in the middle of a contract', () => {
  it('of the payer: its contract goes on, and what is left and comes back is the new key’s', async () => {
    const world = await MarketWorld.create()
    const { runner, go } = waitingRunner()
    const shop = await world.seller({ key: KEYS.seller }, { runner })
    await shop.seller.offer(world.offer(), 'words')
    const log = createMemoryEventLog()
    const before = await world.buyer({ key: KEYS.buyer, log })
    await before.buyer.buy(wanted())
    await settle(60)
    await world.time.advance(300)
    const contract = before.buyer.order('order-1')?.contract
    expect((await world.view(contract))?.state).toBe('WORKING')
    await world.leave(before)

    const node = await world.buyer({ key: KEYS.nextBuyer, log, former: [KEYS.buyer] })
    const accounts = accountsOf(node.party, { former: [KEYS.buyer.did] })
    const [row] = await accounts.look()
    expect(row).toMatchObject({ account: KEYS.buyer.did, standing: 'signs', code: null })
    expect(await balances(world, [KEYS.buyer, KEYS.nextBuyer])).toEqual([0n, 9_000n])
    go()
    await world.until(node, 'order-1')
    const view = await world.view(contract)
    expect([view?.state, view?.payer, view?.capturedNanos]).toEqual(['FINAL', KEYS.buyer.did, '1000'])
    expect(view?.transitions.map(({ event }) => event)).toContain('accepted')
    await accounts.look()

    // The new key makes contracts with what the one before had.
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2' }))
    await world.until(node, 'order-2')
    const second = await world.view(node.buyer.order('order-2')?.contract)
    expect([second?.state, second?.payer]).toEqual(['FINAL', KEYS.nextBuyer.did])
    expect(await balances(world, [KEYS.buyer, KEYS.nextBuyer])).toEqual([0n, 8_000n])
    expect(world.failures).toEqual([])
  })

  it('of the worker: it starts, delivers and is paid, and sells on with the new key', async () => {
    const world = await MarketWorld.create()
    const { runner, go } = waitingRunner()
    const log = createMemoryEventLog()
    const before = await world.seller({ key: KEYS.seller, log }, { runner })
    await before.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    await settle(60)
    await world.leave(before)

    const shop = await world.seller({ key: KEYS.nextSeller, log, former: [KEYS.seller] }, { runner })
    expect(shop.seller.offers()).toEqual([])
    const accounts = accountsOf(shop.party, { former: [KEYS.seller.did] })
    await accounts.look()
    await world.time.advance(2_000)
    go()
    await world.until(node, 'order-1')
    const view = await world.view(node.buyer.order('order-1')?.contract)
    expect([view?.state, view?.worker]).toEqual(['FINAL', KEYS.seller.did])
    await accounts.look()
    expect(await balances(world, [KEYS.seller, KEYS.nextSeller])).toEqual([0n, 10_990n])

    await shop.seller.offer(world.offer(), 'words again')
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2' }))
    await world.until(node, 'order-2')
    const second = await world.view(node.buyer.order('order-2')?.contract)
    expect([second?.state, second?.worker]).toEqual(['FINAL', KEYS.nextSeller.did])
    expect(world.failures).toEqual([])
  })

  it('is told to the notary once, however often it starts, and after two rotations at once', async () => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const former = [KEYS.nextSeller, KEYS.seller]
    for (let starts = 0; starts < 3; starts += 1) {
      const node = await world.party(KEYS.rival, log, former)
      const rows = await accountsOf(node.party, { former: former.map(({ did }) => did) }).look()
      expect(rows.map(({ standing, code }) => [standing, code])).toEqual([
        ['signs', null],
        ['signs', null],
      ])
      await world.leave(node)
    }
    expect(await balances(world, [KEYS.seller, KEYS.nextSeller, KEYS.rival])).toEqual([0n, 0n, 20_000n])
    const said = (await world.notary.owner(KEYS.seller.did)).authority
    expect(said).toBe(KEYS.rival.did)
  })
})

describe('a recovery key', () => {
  it('is named to the notary when a node first speaks to it, once', async () => {
    const world = await MarketWorld.create()
    const { party } = await world.party(KEYS.seller, createMemoryEventLog())
    const accounts = accountsOf(party, { recovery: RECOVERY })
    await accounts.look()
    await accounts.look()
    expect(await world.notary.owner(KEYS.seller.did)).toMatchObject({
      authority: KEYS.seller.did,
      recoveryKey: KEYS.recoverer.did,
      recoveryDelayMs: HOUR_MS,
      recovery: null,
    })
    expect(party.journal.said(`account/open/${KEYS.seller.did}/${RECOVERY.key}/${RECOVERY.delayMs}`)).toBeDefined()
  })

  it('that asks for another key is told of to the owner, once for each request', async () => {
    const world = await MarketWorld.create()
    const { party } = await world.party(KEYS.seller, createMemoryEventLog())
    const accounts = accountsOf(party, { recovery: RECOVERY })
    await accounts.look()
    const owner = KEYS.seller.did
    await world.tell('ledger-recovery-request', { owner, successor: KEYS.rival.did }, KEYS.recoverer)
    for (let looks = 0; looks < 3; looks += 1) await accounts.look()
    await settle()
    expect(world.failures).toMatchObject([
      { code: 'LEDGER_RECOVERY_ASKED', details: { successor: KEYS.rival.did, completesAt: world.time.now + HOUR_MS } },
    ])
    await world.tell('ledger-recovery-cancel', { owner }, KEYS.seller)
    expect((await world.notary.owner(owner)).recovery).toBeNull()
  })

  it('brings credits of a lost key to its successor, which buys with them; the lost key does nothing more', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer({ validUntil: (world.time.now + 100 * HOUR_MS) as never }), 'words')
    const thief = await world.buyer({ key: KEYS.rival })
    await accountsOf(thief.party, { recovery: RECOVERY }).look()
    const owner = KEYS.rival.did
    const node = await world.buyer({ key: KEYS.nextBuyer })
    const accounts = accountsOf(node.party, { former: [owner] })
    expect((await accounts.look())[0]).toMatchObject({ standing: 'unrecovered' })
    await world.tell('ledger-recovery-request', { owner, successor: KEYS.nextBuyer.did }, KEYS.recoverer)
    expect((await accounts.look())[0]).toMatchObject({
      standing: 'recovering',
      completesAt: world.time.now + HOUR_MS,
      collected: [],
    })
    await world.time.advance(HOUR_MS)
    const [done] = await accounts.look()
    const usd = wanted().currency
    expect(done).toMatchObject({ standing: 'signs', collected: [{ currency: usd, amountNanos: '10000' }] })
    expect(await balances(world, [KEYS.rival, KEYS.nextBuyer])).toEqual([0n, 10_000n])

    // Somebody pays the old account later, and the thief is quick.
    await world.tell('ledger-issue', issueTo(owner, 1_500), KEYS.bank)
    await thief.buyer.buy(wanted({ idempotencyKey: 'theft' }))
    await world.until(thief, 'theft')
    expect(thief.buyer.order('theft')?.failed).toEqual({ code: 'BUY_NOT_HELD', reason: 'BOOKS_KEY_REPLACED' })
    expect(await balances(world, [KEYS.rival])).toEqual([1_500n])
    await accounts.look()
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    expect((await world.view(node.buyer.order('order-1')?.contract))?.state).toBe('FINAL')
    expect(await balances(world, [KEYS.rival, KEYS.nextBuyer])).toEqual([0n, 10_500n])
  })

  it('hands a currency on with the key that issues it', async () => {
    const world = await MarketWorld.create()
    const { party } = await world.party(KEYS.nextBuyer, createMemoryEventLog(), [KEYS.buyer])
    await accountsOf(party, { former: [KEYS.buyer.did] }).look()
    const issue = { ...issueTo(KEYS.rival.did, 70), currency: IOU }
    expect(await world.tell('ledger-issue', issue, KEYS.nextBuyer)).toBe('applied')
    await expect(world.tell('ledger-issue', { ...issue, id: 'b'.repeat(32) as never }, KEYS.buyer)).rejects.toThrow(
      'LEDGER_SIGNER_WRONG',
    )
  })
})

describe('what a notary earns', () => {
  it('is moved to the account of its node when somebody asks, and its key stays its own', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    expect(await world.balance(KEYS.feeOwner.did, 'fee')).toBe(10n)
    const { party } = await world.party(KEYS.rival, createMemoryEventLog(), [KEYS.feeOwner])
    const accounts = accountsOf(party, { earning: [KEYS.feeOwner.did] })
    expect(await accounts.look()).toEqual([])
    expect(await accounts.collectEarned()).toMatchObject([
      { account: KEYS.feeOwner.did, standing: 'signs', collected: [{ amountNanos: '10' }], code: null },
    ])
    expect(await accounts.collectEarned()).toMatchObject([{ collected: [] }])
    expect([await world.balance(KEYS.feeOwner.did, 'fee'), ...(await balances(world, [KEYS.rival]))]).toEqual([
      0n,
      10_010n,
    ])
    expect((await world.notary.owner(KEYS.feeOwner.did)).authority).toBe(KEYS.feeOwner.did)
  })
})

describe('an account whose row was dropped when it was empty', () => {
  it('is emptied again, as often as it is paid', async () => {
    const world = await MarketWorld.create()
    const counting = world.notary.accounts.bind(world.notary)
    // The counters of the row begin anew.
    world.notary.accounts = async (query) => {
      const { ledgers, next } = await counting(query)
      const anew = ledgers.map((ledger) => ({
        ...ledger,
        accounts: ledger.accounts.map((line) => ({ ...line, debitsPostedNanos: '0' })),
      }))
      return { ledgers: anew, next }
    }
    const { party } = await world.party(KEYS.nextSeller, createMemoryEventLog(), [KEYS.seller])
    const accounts = accountsOf(party, { former: [KEYS.seller.did] })
    expect(await accounts.look()).toMatchObject([{ collected: [{ amountNanos: '10000' }] }])
    for (const [index, amount] of [5_000, 5_000, 70].entries()) {
      const id = `${index}`.repeat(32) as never
      await world.tell('ledger-issue', { ...issueTo(KEYS.seller.did, amount), id }, KEYS.bank)
      expect(await accounts.look()).toMatchObject([{ collected: [{ amountNanos: `${amount}` }], code: null }])
      expect(await accounts.look()).toMatchObject([{ collected: [], code: null }])
    }
    expect(await balances(world, [KEYS.seller, KEYS.nextSeller])).toEqual([0n, 20_070n])
    expect(world.failures).toEqual([])
  })
})

describe('what the set refuses for a reason that passes', () => {
  it('is said anew: a rotation while the clock of the node is ahead', async () => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const behind = slowNotary(world)
    behind.byMs = 120_000
    const node = await world.party(KEYS.nextSeller, log, [KEYS.seller])
    const accounts = accountsOf(node.party, { former: [KEYS.seller.did] })
    expect(await accounts.look()).toMatchObject([{ standing: 'unrecovered', code: 'ENVELOPE_NOT_YET_VALID' }])
    behind.byMs = 0
    // Not at once again by itself, but at once where somebody asks.
    expect(await accounts.look()).toMatchObject([{ code: 'ENVELOPE_NOT_YET_VALID' }])
    expect(await accounts.look({ isAsked: true })).toMatchObject([{ standing: 'signs', code: null }])
    expect(await balances(world, [KEYS.seller, KEYS.nextSeller])).toEqual([0n, 10_000n])
    await settle()
    expect(world.failures).toMatchObject([{ code: 'LEDGER_ACT_REFUSED', details: { code: 'ENVELOPE_NOT_YET_VALID' } }])
  })

  it('is said anew by itself, with pauses that grow', async () => {
    const world = await MarketWorld.create()
    const behind = slowNotary(world)
    behind.byMs = 120_000
    const { party } = await world.party(KEYS.nextSeller, createMemoryEventLog(), [KEYS.seller])
    const accounts = accountsOf(party, { former: [KEYS.seller.did] })
    for (let looks = 0; looks < 40; looks += 1) {
      await accounts.look()
      await world.time.advance(30_000)
    }
    expect(party.journal.envelopesOf('ledger-key-rotate').length).toBeLessThan(8)
    behind.byMs = 0
    await world.time.advance(HOUR_MS)
    expect(await accounts.look()).toMatchObject([{ standing: 'signs', code: null }])
  })

  it('is said anew where nobody could be reached until it had expired, and after a restart', async () => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const away = slowNotary(world)
    away.isAway = true
    const node = await world.party(KEYS.nextSeller, log, [KEYS.seller])
    const looking = accountsOf(node.party, { former: [KEYS.seller.did] }).look()
    await settle()
    await world.time.advance(2 * HOUR_MS)
    away.isAway = false
    await world.time.advance(60_000)
    expect(await looking).toMatchObject([{ code: 'ENVELOPE_EXPIRED' }])
    await world.leave(node)
    const again = await world.party(KEYS.nextSeller, log, [KEYS.seller])
    expect(await accountsOf(again.party, { former: [KEYS.seller.did] }).look()).toMatchObject([{ standing: 'signs' }])
    expect(await balances(world, [KEYS.seller, KEYS.nextSeller])).toEqual([0n, 10_000n])
  })

  it('is said anew: the name of the recovery key', async () => {
    const world = await MarketWorld.create()
    const behind = slowNotary(world)
    behind.byMs = 120_000
    const { party } = await world.party(KEYS.seller, createMemoryEventLog())
    const accounts = accountsOf(party, { recovery: RECOVERY })
    await accounts.look()
    behind.byMs = 0
    await world.time.advance(30_000)
    await accounts.look()
    expect((await world.notary.owner(KEYS.seller.did)).recoveryKey).toBe(KEYS.recoverer.did)
  })
})

/** The clock of the notary is behind that of the nodes, or nobody reaches it. */
function slowNotary(world: MarketWorld): { byMs: number; isAway: boolean } {
  const state = { byMs: 0, isAway: false }
  const submit = world.notary.submit.bind(world.notary)
  world.notary.submit = async (bytes, options) => {
    if (state.isAway) throw new CodedError('NOTARY_UNREACHABLE', { message: 'away' })
    const { byMs } = state
    world.time.now -= byMs
    try {
      const answer = submit(bytes, options)
      await settle()
      return await answer
    } finally {
      world.time.now += byMs
    }
  }
  return state
}

function issueTo(owner: Did, amount: number) {
  const id = 'a'.repeat(32) as never
  return { id, owner, currency: wanted().currency, amountNanos: nanos(amount), reference: 'later', isConfirmed: true }
}

async function balances(world: MarketWorld, keys: readonly FixedKey[]): Promise<readonly bigint[]> {
  return await Promise.all(keys.map(async ({ did }) => await world.balance(did)))
}
