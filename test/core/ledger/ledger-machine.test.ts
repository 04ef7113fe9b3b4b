import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, type Timestamp } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { formatLedgerState } from '../../../src/core/ledger/ledger-state-codec.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { LEDGER_REFUSALS, type LedgerRefusalCode } from '../../../src/core/ledger/ledger-refusals.ts'
import {
  authorityOf,
  balanceOf,
  emptyLedger,
  LEDGER_LIMITS_DEFAULT,
  type LedgerState,
  nextExpiry,
  spendableOf,
} from '../../../src/core/ledger/ledger-state.ts'
import { describeTransfer, transferStatusOf } from '../../../src/core/ledger/describe-transfer.ts'
import { keyOfHold } from '../../../src/core/ledger/remembered-ids.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import {
  account,
  after,
  ALICE,
  BOB,
  CAROL,
  CONTRACT,
  currencyOf,
  didOf,
  evidence,
  fundedLedger,
  hashOf,
  hold,
  idOf,
  ISSUER,
  nanos,
  post,
  postHeld,
  RECOVERY,
  run,
  START,
  USD,
  voidHeld,
} from './ledger-builder.ts'

function submit(state: LedgerState, orders: readonly TransferOrder[], at: Timestamp = START) {
  return LEDGER_MACHINE.transition(state, { type: 'transfers-submitted', at, orders })
}

function submitted(state: LedgerState, orders: readonly TransferOrder[], at: Timestamp = START): LedgerState {
  return run(state, [{ type: 'transfers-submitted', at, orders }])
}

/** The same on the word of a client. */
function signed(state: LedgerState, orders: readonly TransferOrder[], iss: Did) {
  return LEDGER_MACHINE.transition(state, { ...evidence(iss), type: 'orders-signed', orders })
}

function refusal(code: LedgerRefusalCode, id: number): LedgerEffect {
  return { type: 'event-refused', code, id: idOf(id) }
}

function codesOf(effects: readonly LedgerEffect[]): readonly string[] {
  return effects.map((effect) => (effect.type === 'event-refused' ? effect.code : effect.type))
}

describe('holds', () => {
  it('take the money, and give all or a part of it to somebody and the rest back at once', () => {
    const held = submitted(fundedLedger(), [hold(1, 60)])
    expect([balanceOf(held, account(ALICE)), balanceOf(held, account(ALICE, 'held'))]).toEqual([40n, 60n])
    const { state, effects } = submit(held, [postHeld(2, 1, 45)])
    expect(effects).toEqual([{ type: 'transfer-posted', id: idOf(2), amount: 45n, heldId: idOf(1), released: 15n }])
    expect([balanceOf(state, account(ALICE)), balanceOf(state, account(BOB))]).toEqual([55n, 45n])
    expect(balanceOf(state, account(ALICE, 'held'))).toBe(0n)
    expect(describeTransfer(state, keyOfHold({ id: idOf(1), contract: undefined }))).toMatchObject({
      status: 'posted',
      capturedNanos: '45',
      releasedNanos: '15',
    })
  })

  it.each([
    ['posted', postHeld(2, 1, 60), 'LEDGER_HOLD_POSTED'],
    ['voided', voidHeld(2, 1), 'LEDGER_HOLD_VOIDED'],
  ] as const)('once %s, end never again', (status, order, code) => {
    const ended = submitted(submitted(fundedLedger(), [hold(1, 60)]), [order])
    expect(transferStatusOf(ended, idOf(1))).toBe(status)
    const again = submit(ended, [postHeld(3, 1, 1), voidHeld(4, 1)])
    expect(again.effects).toEqual([refusal(code, 3), refusal(code, 4)])
    expect(again.state).toBe(ended)
  })

  it.each([
    [-1, ['transfer-posted']],
    [0, ['LEDGER_HOLD_EXPIRED']],
    [1, ['LEDGER_HOLD_EXPIRED']],
  ] as const)('can be posted until the stamp reaches the expiry: at %i ms', (offset, expected) => {
    const held = submitted(fundedLedger(), [hold(1, 60, { expiresAt: after(1_000) })])
    expect(codesOf(submit(held, [postHeld(2, 1, 60)], after(1_000 + offset)).effects)).toEqual(expected)
  })

  it.each([
    [-1, []],
    [0, ['transfer-expired']],
    [1, ['transfer-expired']],
  ] as const)('expire when the stamp has reached the expiry: at %i ms', (offset, expected) => {
    const held = submitted(fundedLedger(), [hold(1, 60, { expiresAt: after(1_000) })])
    expect(nextExpiry(held)).toBe(after(1_000))
    const { state, effects } = LEDGER_MACHINE.transition(held, { type: 'holds-expired', at: after(1_000 + offset) })
    expect(codesOf(effects)).toEqual(expected)
    expect(balanceOf(state, account(ALICE))).toBe(expected.length === 0 ? 40n : 100n)
    expect(LEDGER_MACHINE.transition(state, { type: 'holds-expired', at: after(2_000) }).effects.length).toBe(
      expected.length === 0 ? 1 : 0,
    )
  })

  it('are posted to another account of the currency, and split by a chain', () => {
    const held = submitted(fundedLedger(), [hold(1, 60, { contract: CONTRACT })])
    const chain = [
      postHeld(2, 1, 60, { contract: CONTRACT, credit: account(CAROL), isLinked: true }),
      post(3, 6, { debit: account(CAROL), credit: account(BOB, 'fee') }),
    ]
    const paid = submitted(held, chain)
    expect([balanceOf(paid, account(CAROL)), balanceOf(paid, account(BOB, 'fee'))]).toEqual([54n, 6n])
    expect([1, 2].map((number) => describeTransfer(paid, idOf(number)))).toMatchObject([
      { status: 'posted', contract: CONTRACT },
      { status: 'posted', contract: CONTRACT, debit: account(ALICE) },
    ])
  })

  it('of a contract are left alone by other contracts and by signatures', () => {
    const held = submitted(fundedLedger(), [hold(1, 60, { contract: CONTRACT })])
    expect(submit(held, [voidHeld(2, 1)]).effects).toEqual([refusal('LEDGER_CONTRACT_DIFFERS', 2)])
    const signed: LedgerEvent = {
      ...evidence(BOB),
      type: 'orders-signed',
      orders: [voidHeld(3, 1, { contract: CONTRACT })],
    }
    expect(LEDGER_MACHINE.transition(held, signed).effects).toEqual([refusal('LEDGER_CONTRACT_DIFFERS', 3)])
  })
})

describe('ids', () => {
  it('are a success for the same order and a conflict for another one, member by member', () => {
    const order = hold(1, 60, { expiresAt: after(9), reference: 'job' })
    const state = submitted(fundedLedger(), [order])
    const others: TransferOrder[] = [
      { ...order, amount: nanos(59) },
      { ...order, debit: account(BOB) },
      { ...order, credit: account(CAROL) },
      { ...order, expiresAt: after(10) },
      { ...order, reference: 'jobs' },
      { ...order, reference: undefined },
      post(1, 60),
      voidHeld(1, 1),
    ]
    expect(submit(state, [order]).effects).toEqual([{ type: 'transfer-exists', id: idOf(1) }])
    expect(codesOf(submit(state, others).effects)).toEqual(others.map(() => 'LEDGER_ID_CONFLICT'))
    expect(submit(state, [order, ...others]).state).toBe(state)
  })

  it('of contracts are not those of clients: nobody takes one that a contract will need', () => {
    const taken = signed(fundedLedger(), [hold(1, 1, { expiresAt: after(9) })], ALICE)
    expect(codesOf(taken.effects)).toEqual(['transfer-held'])
    const contract = CONTRACT
    const held = submit(taken.state, [hold(1, 60, { contract })])
    expect(codesOf(held.effects)).toEqual(['transfer-held'])
    const paid = submit(held.state, [postHeld(2, 1, 60, { contract })])
    expect(codesOf(paid.effects)).toEqual(['transfer-posted'])
    expect(LEDGER_MACHINE.violations(paid.state)).toEqual([])
    expect(codesOf(signed(paid.state, [hold(2, 1, { expiresAt: after(9) })], ALICE).effects)).toEqual(['transfer-held'])
    expect(codesOf(signed(held.state, [voidHeld(3, 1)], ALICE).effects)).toEqual(['LEDGER_SIGNER_WRONG'])
    const own = submit(fundedLedger(), [hold(1, 60, { contract })]).state
    expect(codesOf(signed(own, [voidHeld(3, 1)], BOB).effects)).toEqual(['LEDGER_CONTRACT_DIFFERS'])
  })

  it('stay failed where the order could have gone otherwise a moment later', () => {
    const short = submit(fundedLedger(), [post(1, 101)])
    expect(codesOf(short.effects)).toEqual(['LEDGER_BALANCE_SHORT'])
    expect(transferStatusOf(short.state, idOf(1))).toBe('failed')
    expect(codesOf(submit(short.state, [post(1, 101), post(1, 1), post(2, 1)]).effects)).toEqual([
      'LEDGER_ID_FAILED',
      'LEDGER_ID_FAILED',
      'transfer-posted',
    ])
  })

  it('stay free where the order was wrong in itself', () => {
    const state = fundedLedger()
    const wrong = submit(state, [post(1, 1, { credit: account(ALICE) })])
    expect(codesOf(wrong.effects)).toEqual(['LEDGER_ACCOUNTS_SAME'])
    expect(wrong.state).toBe(state)
    expect(codesOf(submit(state, [post(1, 1)]).effects)).toEqual(['transfer-posted'])
  })

  it('are remembered for 24 hours after their last use, and forgotten some time later', () => {
    const contract = CONTRACT
    const first = submitted(fundedLedger(), [post(1, 1), hold(2, 5, { contract }), hold(3, 5, { contract })])
    const ended = submitted(first, [voidHeld(4, 2, { contract })], after(20 * HOUR_MS))
    const probe = (state: LedgerState, at: number) => codesOf(submit(state, [post(1, 1)], after(at)).effects)
    expect(probe(ended, DAY_MS - 1)).toEqual(['transfer-exists'])
    let state = ended
    for (let hour = 24; hour < 30; hour += 1) state = submitted(state, [post(100 + hour, 1)], after(hour * HOUR_MS))
    expect(transferStatusOf(state, idOf(1))).toBeUndefined()
    expect([transferStatusOf(state, idOf(2)), transferStatusOf(state, idOf(3))]).toEqual(['voided', 'held'])
    for (let hour = 30; hour < 50; hour += 1) state = submitted(state, [post(100 + hour, 1)], after(hour * HOUR_MS))
    expect([transferStatusOf(state, idOf(2)), transferStatusOf(state, idOf(3))]).toEqual([undefined, 'held'])
    expect(LEDGER_MACHINE.violations(state)).toEqual([])
  })
})

describe('ids of clients', () => {
  const signed = (iss: Did, orders: readonly TransferOrder[], at = START): LedgerEvent => ({
    ...evidence(iss, 0, at),
    type: 'orders-signed',
    orders,
  })
  const issue = (id: number, at = START): LedgerEvent => ({
    ...evidence(ISSUER, 7, at),
    type: 'credits-issued',
    id: idOf(id),
    owner: CAROL,
    currency: USD,
    amount: nanos(5),
    reference: 'wire 5',
    isConfirmed: true,
  })
  const codes = (state: LedgerState, event: LedgerEvent): readonly string[] =>
    codesOf(LEDGER_MACHINE.transition(state, event).effects)

  it('are nothing to anybody else: neither used nor failed ones', () => {
    const used = run(fundedLedger(), [signed(ALICE, [post(1, 3)])])
    expect(codes(used, issue(1))).toEqual(['transfer-posted'])
    const failed = LEDGER_MACHINE.transition(used, signed(ALICE, [post(2, 1_000)])).state
    expect(codes(failed, signed(ALICE, [post(2, 1)]))).toEqual(['LEDGER_ID_FAILED'])
    expect(codes(failed, issue(2))).toEqual(['transfer-posted'])
    const back = post(2, 1, { debit: account(BOB), credit: account(ALICE) })
    expect(codes(failed, signed(BOB, [back]))).toEqual(['transfer-posted'])
  })

  it('leave nothing behind where the signer has no account, or may not touch the one it names', () => {
    const state = fundedLedger()
    const orders = [
      post(1, 1, { debit: account(CAROL), credit: account(BOB) }),
      voidHeld(2, 9),
      postHeld(3, 9, 1),
      post(4, 1, { debit: account(ALICE) }),
      post(5, 1, { debit: account(ALICE), credit: account(BOB, 'available', currencyOf('EUR', ISSUER)) }),
    ]
    const step = LEDGER_MACHINE.transition(state, signed(CAROL, orders))
    expect(codesOf(step.effects)).toEqual([
      'LEDGER_BALANCE_SHORT',
      'LEDGER_HOLD_UNKNOWN',
      'LEDGER_HOLD_UNKNOWN',
      'LEDGER_SIGNER_WRONG',
      'LEDGER_CURRENCY_UNKNOWN',
    ])
    expect(step.state).toBe(state)
    expect(codes(state, signed(ALICE, [post(5, 1)]))).toEqual(['transfer-posted'])
  })

  it('are remembered for longer than an envelope may live', () => {
    const first = run(fundedLedger(), [issue(1)])
    let state = first
    for (let day = 1; day < 8; day += 1) {
      expect(codes(state, issue(1, after(day * DAY_MS)))).toEqual(['transfer-exists'])
      state = submitted(state, [post(100 + day, 1)], after(day * DAY_MS))
    }
    for (let hour = 0; hour < 4; hour += 1)
      state = submitted(state, [post(200 + hour, 1)], after(7 * DAY_MS + (1 + hour) * HOUR_MS))
    expect(codes(state, issue(1, after(8 * DAY_MS)))).toEqual(['transfer-posted'])
  })

  it('of open issues stand for one issue: another issuer takes another id', () => {
    const unconfirmed = { ...issue(1), isConfirmed: false } as LedgerEvent
    const state = run(fundedLedger(), [unconfirmed])
    const other = currencyOf('EUR', BOB)
    const registered = run(state, [
      {
        ...evidence(BOB),
        type: 'currency-registered',
        currency: other,
        cap: nanos(9),
        recoveryKey: undefined,
        recoveryDelay: undefined,
      },
    ])
    const poison = { ...unconfirmed, ...evidence(BOB, 3), currency: other } as LedgerEvent
    expect(codes(registered, poison)).toEqual(['LEDGER_ID_CONFLICT'])
    expect(codes(registered, unconfirmed)).toEqual(['transfer-exists'])
  })
})

describe('what clients may fill', () => {
  const limits = { ...LEDGER_LIMITS_DEFAULT, accountsMax: 8, holdsMax: 4, rememberedMax: 24 }
  const until = { expiresAt: after(HOUR_MS) }

  it('is half of the holds and ids, and three quarters of the accounts; contracts have the rest', () => {
    const state = submitted(fundedLedger({ limits: { ...limits, accountsMax: 5 } }), [
      post(9, 1, { contract: CONTRACT }),
    ])
    const holds = [hold(1, 1, until), hold(2, 1, until), hold(3, 1, until)]
    const step = LEDGER_MACHINE.transition(state, { ...evidence(ALICE), type: 'orders-signed', orders: holds })
    expect(codesOf(step.effects)).toEqual(['transfer-held', 'transfer-held', 'LEDGER_HOLDS_FULL'])
    const contract = CONTRACT
    const held = submit(step.state, [hold(11, 1, { contract }), hold(12, 1, { contract }), hold(13, 1, { contract })])
    expect(codesOf(held.effects)).toEqual(['transfer-held', 'transfer-held', 'LEDGER_HOLDS_FULL'])
    const posts = Array.from({ length: 7 }, (_, index) => post(20 + index, 1))
    const posted = LEDGER_MACHINE.transition(step.state, { ...evidence(ALICE), type: 'orders-signed', orders: posts })
    expect(codesOf(posted.effects).filter((code) => code === 'transfer-posted')).toHaveLength(7)
    const again = LEDGER_MACHINE.transition(posted.state, {
      ...evidence(ALICE),
      type: 'orders-signed',
      orders: [post(40, 1)],
    })
    expect(codesOf(again.effects)).toEqual(['LEDGER_MEMORY_FULL'])
    expect(codesOf(submit(posted.state, [post(50, 1, { contract })]).effects)).toEqual(['transfer-posted'])
    const stranger = post(60, 1, { credit: account(didOf(77)) })
    expect(
      codesOf(
        LEDGER_MACHINE.transition(step.state, { ...evidence(ALICE), type: 'orders-signed', orders: [stranger] })
          .effects,
      ),
    ).toEqual(['LEDGER_ACCOUNTS_FULL'])
    expect(codesOf(submit(step.state, [{ ...stranger, contract }]).effects)).toEqual(['transfer-posted'])
    expect(LEDGER_MACHINE.violations(posted.state)).toEqual([])
  })

  it('takes more than nothing, and not for ever', () => {
    const signed = (orders: readonly TransferOrder[]) =>
      codesOf(LEDGER_MACHINE.transition(fundedLedger(), { ...evidence(ALICE), type: 'orders-signed', orders }).effects)
    expect(signed([post(1, 0)])).toEqual(['LEDGER_AMOUNT_ZERO'])
    expect(signed([hold(1, 0, until)])).toEqual(['LEDGER_AMOUNT_ZERO'])
    expect(signed([hold(1, 1, { expiresAt: after(30 * DAY_MS + 1) })])).toEqual(['LEDGER_EXPIRY_FAR'])
    expect(signed([hold(1, 1, { expiresAt: after(30 * DAY_MS) })])).toEqual(['transfer-held'])
    expect(codesOf(submit(fundedLedger(), [post(1, 0)]).effects)).toEqual(['transfer-posted'])
  })
})

describe('linked chains', () => {
  it('apply whole, each order seeing the ones before it', () => {
    const chain = [post(1, 100, { isLinked: true }), post(2, 100, { debit: account(BOB), credit: account(CAROL) })]
    expect(balanceOf(submitted(fundedLedger(), chain), account(CAROL))).toBe(100n)
  })

  it('apply not at all when one fails; only the id of that one is spent', () => {
    const state = fundedLedger()
    const chain = [post(1, 60, { isLinked: true }), post(2, 60, { isLinked: true }), post(3, 1)]
    const failed = submit(state, [...chain, post(4, 1)])
    expect(failed.effects).toEqual([
      refusal('LEDGER_CHAIN_FAILED', 1),
      refusal('LEDGER_BALANCE_SHORT', 2),
      refusal('LEDGER_CHAIN_FAILED', 3),
      { type: 'transfer-posted', id: idOf(4), amount: 1n, heldId: undefined, released: 0n },
    ])
    expect(balanceOf(failed.state, account(ALICE))).toBe(99n)
    expect([1, 2, 3].map((id) => transferStatusOf(failed.state, idOf(id)))).toEqual([undefined, 'failed', undefined])
  })

  it('are a success when all of them exist, and refused when only some do', () => {
    const chain = [post(1, 6, { isLinked: true }), post(2, 6)]
    const state = submitted(fundedLedger(), chain)
    expect(codesOf(submit(state, chain).effects)).toEqual(['transfer-exists', 'transfer-exists'])
    const mixed = submit(state, [post(1, 6, { isLinked: true }), post(3, 6)])
    expect(mixed.effects).toEqual([refusal('LEDGER_CHAIN_MIXED', 1), refusal('LEDGER_CHAIN_FAILED', 3)])
    expect(mixed.state).toBe(state)
  })

  it('do not end open', () => {
    const open = submit(fundedLedger(), [post(1, 6, { isLinked: true }), post(2, 6, { isLinked: true })])
    expect(open.effects).toEqual([refusal('LEDGER_CHAIN_FAILED', 1), refusal('LEDGER_CHAIN_OPEN', 2)])
  })
})

describe('currencies', () => {
  const issue = (id: number, amount: number, isConfirmed = true): LedgerEvent => ({
    ...evidence(ISSUER, 1),
    type: 'credits-issued',
    id: idOf(id),
    owner: BOB,
    currency: USD,
    amount: nanos(amount),
    reference: 'wire',
    isConfirmed,
  })

  it('let the issuer owe as much as its cap, and no more', () => {
    const state = fundedLedger({ amount: 100, cap: 160 })
    expect(codesOf(LEDGER_MACHINE.transition(state, issue(1, 61)).effects)).toEqual(['LEDGER_CAP_EXCEEDED'])
    expect(balanceOf(run(state, [issue(2, 60)]), account(ISSUER, 'issuer'))).toBe(-160n)
  })

  it('never let unconfirmed credits be spent, and turn them into spendable ones or back once', () => {
    const state = run(fundedLedger(), [issue(1, 30, false)])
    const unreconciled = account(BOB, 'unreconciled')
    expect([balanceOf(state, unreconciled), spendableOf(state, account(BOB))]).toEqual([30n, 0n])
    const spend = submit(state, [post(2, 1, { debit: unreconciled, credit: account(CAROL) })])
    expect(codesOf(spend.effects)).toEqual(['LEDGER_ACCOUNT_KIND'])
    const reconcile = (id: number, outcome: 'confirmed' | 'reversed'): LedgerEvent => ({
      ...evidence(ISSUER, 2),
      type: 'credits-reconciled',
      id: idOf(id),
      issue: idOf(1),
      outcome,
    })
    const confirmed = run(state, [reconcile(3, 'confirmed')])
    expect(spendableOf(confirmed, account(BOB))).toBe(30n)
    expect(codesOf(LEDGER_MACHINE.transition(confirmed, reconcile(3, 'confirmed')).effects)).toEqual([
      'transfer-exists',
    ])
    expect(codesOf(LEDGER_MACHINE.transition(confirmed, reconcile(3, 'reversed')).effects)).toEqual([
      'LEDGER_ID_CONFLICT',
    ])
    expect(codesOf(LEDGER_MACHINE.transition(confirmed, reconcile(4, 'reversed')).effects)).toEqual([
      'LEDGER_ISSUE_UNKNOWN',
    ])
    expect(balanceOf(run(state, [reconcile(3, 'reversed')]), account(ISSUER, 'issuer'))).toBe(-100n)
  })

  it('are issued by no signed order, and what is held is moved by no order but the end of its hold', () => {
    const minting = [
      post(1, 5, { debit: account(ISSUER, 'issuer'), credit: account(BOB) }),
      hold(2, 5, { debit: account(ISSUER, 'issuer'), expiresAt: after(9) }),
      post(3, 5, { debit: account(ISSUER, 'held') }),
      post(4, 5, { debit: account(ISSUER, 'unreconciled') }),
    ]
    const signed: LedgerEvent = { ...evidence(ISSUER), type: 'orders-signed', orders: minting }
    const kinds = minting.map(() => 'LEDGER_ACCOUNT_KIND')
    expect(codesOf(LEDGER_MACHINE.transition(fundedLedger(), signed).effects)).toEqual(kinds)
    const sides = ['held', 'unreconciled'] as const
    const moving = sides.flatMap((kind, index) => [
      post(10 + index, 5, { debit: account(ALICE, kind) }),
      post(20 + index, 5, { credit: account(BOB, kind) }),
    ])
    expect(codesOf(submit(fundedLedger(), moving).effects)).toEqual(kinds)
  })

  it('are issued by a contract of bilateral credit within the cap of the payer', () => {
    const state = fundedLedger({ amount: 100, cap: 160 })
    const credit = (id: number, amount: number) =>
      hold(id, amount, { debit: account(ISSUER, 'issuer'), contract: CONTRACT })
    expect(codesOf(submit(state, [credit(1, 61), credit(2, 60)]).effects)).toEqual([
      'LEDGER_CAP_EXCEEDED',
      'transfer-held',
    ])
  })

  it('are issued by the issuer only', () => {
    expect(codesOf(LEDGER_MACHINE.transition(fundedLedger(), { ...issue(1, 1), ...evidence(BOB) }).effects)).toEqual([
      'LEDGER_SIGNER_WRONG',
    ])
  })

  it('are redeemed by their owner', () => {
    const redeem: LedgerEvent = {
      ...evidence(ALICE),
      type: 'credits-redeemed',
      id: idOf(1),
      owner: ALICE,
      currency: USD,
      amount: nanos(70),
      reference: 'payout 1',
    }
    expect(balanceOf(run(fundedLedger(), [redeem]), account(ISSUER, 'issuer'))).toBe(-30n)
    expect(codesOf(LEDGER_MACHINE.transition(fundedLedger(), { ...redeem, ...evidence(BOB) }).effects)).toEqual([
      'LEDGER_SIGNER_WRONG',
    ])
  })
})

describe('signed orders', () => {
  const signed = (orders: readonly TransferOrder[], iss = ALICE, at = START): LedgerEvent => ({
    ...evidence(iss, 0, at),
    type: 'orders-signed',
    orders,
  })

  it('move the money of whoever signs', () => {
    expect(balanceOf(run(fundedLedger(), [signed([post(1, 5)])]), account(BOB))).toBe(5n)
    expect(codesOf(LEDGER_MACHINE.transition(fundedLedger(), signed([post(1, 5)], BOB)).effects)).toEqual([
      'LEDGER_SIGNER_WRONG',
    ])
  })

  it('let the one a hold is for take it or give it back, and not the one who made it', () => {
    const held = run(fundedLedger(), [signed([hold(1, 5, { expiresAt: after(9) })])])
    const takes = (iss: typeof ALICE, order: TransferOrder) =>
      codesOf(LEDGER_MACHINE.transition(held, signed([order], iss)).effects)
    expect(takes(ALICE, voidHeld(2, 1))).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(takes(BOB, postHeld(2, 1, 5, { credit: account(CAROL) }))).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(takes(BOB, postHeld(2, 1, 5))).toEqual(['transfer-posted'])
    expect(takes(BOB, voidHeld(2, 1))).toEqual(['transfer-voided'])
  })

  it('let the agent of a hold alone end it, and for nobody but the two', () => {
    const held = LEDGER_MACHINE.transition(fundedLedger(), {
      ...evidence(ALICE),
      type: 'orders-signed',
      orders: [hold(1, 5, { expiresAt: after(1_000), agent: CAROL })],
    }).state
    const said = (iss: typeof ALICE, order: TransferOrder): readonly string[] =>
      codesOf(LEDGER_MACHINE.transition(held, { ...evidence(iss), type: 'orders-signed', orders: [order] }).effects)
    for (const iss of [ALICE, BOB]) expect(said(iss, voidHeld(2, 1))).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(said(BOB, postHeld(2, 1, 5))).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(said(CAROL, postHeld(2, 1, 5, { credit: account(CAROL) }))).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(said(CAROL, postHeld(2, 1, 5))).toEqual(['transfer-posted'])
    expect(said(CAROL, voidHeld(2, 1))).toEqual(['transfer-voided'])
  })

  it('make no hold that nobody may ever end', () => {
    expect(codesOf(LEDGER_MACHINE.transition(fundedLedger(), signed([hold(1, 5)])).effects)).toEqual([
      'LEDGER_EXPIRY_MISSING',
    ])
  })
})

describe('stamps', () => {
  const stamp = (iss: typeof ALICE, currency = USD): LedgerEvent => ({
    ...evidence(iss, 1, after(0)),
    type: 'hash-stamped',
    hash: hashOf(7),
    currency,
  })

  it('have a place in the order for whoever has an account, and move nothing', () => {
    const before = fundedLedger()
    for (const iss of [ALICE, ISSUER]) {
      const { state, effects } = LEDGER_MACHINE.transition(before, stamp(iss))
      expect(codesOf(effects)).toEqual(['hash-noted'])
      expect(state).not.toBe(before)
      expect({ ...state, at: 0 }).toEqual({ ...before, at: 0 })
    }
  })

  it('are refused to strangers, who would fill the journal at no cost', () => {
    const before = fundedLedger()
    const { state, effects } = LEDGER_MACHINE.transition(before, stamp(didOf(99)))
    expect([codesOf(effects), state]).toEqual([['LEDGER_OWNER_UNKNOWN'], before])
  })
})

describe('recovery', () => {
  const successor = didOf(77)
  const opened = run(fundedLedger(), [
    { ...evidence(ALICE), type: 'account-opened', recoveryKey: RECOVERY, recoveryDelay: HOUR_MS },
    { ...evidence(RECOVERY), type: 'recovery-requested', owner: ALICE, successor },
  ])
  const complete = (at: number): LedgerEvent => ({ type: 'recovery-completed', owner: ALICE, at: after(at) })
  const cancel = (at: number): LedgerEvent => ({
    ...evidence(ALICE, 1, after(at)),
    type: 'recovery-cancelled',
    owner: ALICE,
  })

  it('hands the accounts to the successor when the delay has passed, to the millisecond', () => {
    expect(codesOf(LEDGER_MACHINE.transition(opened, complete(HOUR_MS - 1)).effects)).toEqual(['LEDGER_RECOVERY_EARLY'])
    const done = run(opened, [complete(HOUR_MS)])
    expect([authorityOf(opened, ALICE), authorityOf(done, ALICE)]).toEqual([ALICE, successor])
    const pay = (iss: typeof ALICE): LedgerEvent => ({
      ...evidence(iss, 2, after(HOUR_MS)),
      type: 'orders-signed',
      orders: [post(1, 5)],
    })
    expect(codesOf(LEDGER_MACHINE.transition(done, pay(ALICE)).effects)).toEqual(['LEDGER_SIGNER_WRONG'])
    expect(codesOf(LEDGER_MACHINE.transition(done, pay(successor)).effects)).toEqual(['transfer-posted'])
  })

  it('is stopped by the owner before that, and not at that moment', () => {
    const stopped = run(opened, [cancel(HOUR_MS - 1)])
    expect(codesOf(LEDGER_MACHINE.transition(stopped, complete(HOUR_MS)).effects)).toEqual(['LEDGER_RECOVERY_STATE'])
    expect(codesOf(LEDGER_MACHINE.transition(opened, cancel(HOUR_MS)).effects)).toEqual(['LEDGER_RECOVERY_STATE'])
  })
})

describe('limits', () => {
  const limited = (limits: Partial<typeof LEDGER_LIMITS_DEFAULT>): LedgerState =>
    fundedLedger({ limits: { ...LEDGER_LIMITS_DEFAULT, ...limits } })

  it('refuse accounts beyond, but never what ends a hold', () => {
    const held = submitted(limited({ accountsMax: 4 }), [post(9, 1), hold(1, 60)])
    const orders = [hold(2, 1, { credit: account(CAROL) }), postHeld(3, 1, 60)]
    expect(codesOf(submit(held, orders).effects)).toEqual(['LEDGER_ACCOUNTS_FULL', 'transfer-posted'])
    // What a contract pays out had its room when it was held.
    expect(codesOf(submit(held, [post(2, 1, { credit: account(CAROL) })]).effects)).toEqual(['transfer-posted'])
  })

  it('refuse holds beyond', () => {
    const orders = [hold(1, 1), hold(2, 1), hold(3, 1)]
    expect(codesOf(submit(limited({ holdsMax: 2 }), orders).effects).at(-1)).toBe('LEDGER_HOLDS_FULL')
  })

  it('refuse ids beyond, but never what ends a hold', () => {
    // One id is taken by the issue; the hold takes room for two.
    const state = submitted(limited({ rememberedMax: 4 }), [hold(1, 60)])
    const full = submit(state, [post(2, 1), post(3, 1), hold(4, 1), voidHeld(5, 99), postHeld(6, 1, 60)])
    expect(codesOf(full.effects)).toEqual([
      'transfer-posted',
      'LEDGER_MEMORY_FULL',
      'LEDGER_MEMORY_FULL',
      'LEDGER_HOLD_UNKNOWN',
      'transfer-posted',
    ])
    expect(LEDGER_MACHINE.violations(full.state)).toEqual([])
    expect(full.state.remembered.size).toBe(4)
  })

  it('forget what is old before they refuse for want of room, though a refusal changes nothing', () => {
    const { retention } = LEDGER_LIMITS_DEFAULT
    const full = submitted(limited({ rememberedMax: 3 }), [post(2, 1), post(3, 1)])
    const again = (milliseconds: number): readonly string[] =>
      codesOf(
        LEDGER_MACHINE.transition(full, { type: 'transfers-submitted', at: after(milliseconds), orders: [post(4, 1)] })
          .effects,
      )
    expect(again(retention - 1)).toEqual(['LEDGER_MEMORY_FULL'])
    expect(again(retention)).toEqual(['transfer-posted'])
  })

  it('refuse a batch of none or of more than 8,190', () => {
    const many = Array.from({ length: 8_191 }, (_, index) => post(index + 1, 0))
    expect(submit(fundedLedger(), []).effects).toEqual([
      { type: 'event-refused', code: 'LEDGER_BATCH_TOO_LARGE', id: undefined },
    ])
    expect(codesOf(submit(fundedLedger(), many).effects)).toEqual(['LEDGER_BATCH_TOO_LARGE'])
    expect(new Set(codesOf(submit(fundedLedger(), many.slice(1)).effects))).toEqual(new Set(['transfer-posted']))
  })

  it('are named at the start, with a retention of 24 hours at least', () => {
    const retention = (DAY_MS - 1) as typeof DAY_MS
    expect(() => emptyLedger({ at: START, limits: { ...LEDGER_LIMITS_DEFAULT, retention } })).toThrow(RangeError)
    expect(() => emptyLedger({ at: START, limits: { ...LEDGER_LIMITS_DEFAULT, holdsMax: 0 } })).toThrow(RangeError)
  })
})

it('refuses a stamp before the last one', () => {
  const state = submitted(fundedLedger(), [post(1, 1)], after(5))
  const { effects, state: same } = submit(state, [post(2, 1)], after(4))
  expect(effects).toEqual([{ type: 'event-refused', code: 'LEDGER_STAMP_BACKWARD', id: undefined }])
  expect(same).toBe(state)
})

it('reports books that do not balance', () => {
  const state = submitted(fundedLedger(), [hold(1, 60)])
  const broken: LedgerState = { ...state, accounts: fundedLedger().accounts }
  expect(LEDGER_MACHINE.violations(state)).toEqual([])
  expect(LEDGER_MACHINE.violations(broken)).toContain('what is held of an account equals its open holds')
  expect(LEDGER_MACHINE.violations({ ...state, holds: fundedLedger().holds })).not.toEqual([])
})

it('leaves the state before as it was', () => {
  const state = submitted(fundedLedger(), [hold(1, 60, { expiresAt: after(5) })])
  const text = formatLedgerState(state)
  submitted(state, [postHeld(2, 1, 5), post(3, 9)])
  LEDGER_MACHINE.transition(state, { type: 'holds-expired', at: after(9) })
  expect(formatLedgerState(state)).toBe(text)
})

it('has a cause and a remedy for every refusal', () => {
  for (const [code, { cause, remedy }] of Object.entries(LEDGER_REFUSALS)) {
    expect(code).toMatch(/^LEDGER_[A-Z_]+$/)
    for (const text of [cause, remedy]) expect(text).toMatch(/^[A-Z`].*\.$/)
  }
})
