import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { authorityOf, balanceOf, type LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { formatLedgerState, parseLedgerState } from '../../../src/core/ledger/ledger-state-codec.ts'
import {
  account,
  after,
  ALICE,
  BOB,
  CAROL,
  currencyOf,
  didOf,
  evidence,
  fundedLedger,
  idOf,
  ISSUER,
  nanos,
  post,
  RECOVERY,
  run,
  USD,
} from './ledger-builder.ts'

const NEXT = didOf(50)
const LATER = didOf(51)

function rotate(iss: Did, key: Did, members: { isLost?: boolean; at?: number } = {}): LedgerEvent {
  const { isLost = false, at = 0 } = members
  return { ...evidence(iss, 3, after(at)), type: 'key-rotated', key, isLost }
}

function open(iss: Did, recoveryKey: Did = RECOVERY): LedgerEvent {
  return { ...evidence(iss), type: 'account-opened', recoveryKey, recoveryDelay: HOUR_MS }
}

function request(owner: Did, successor: Did, iss: Did = RECOVERY): LedgerEvent {
  return { ...evidence(iss), type: 'recovery-requested', owner, successor }
}

function complete(owner: Did): LedgerEvent {
  return { type: 'recovery-completed', owner, at: after(HOUR_MS) }
}

function cancel(iss: Did, at = 1): LedgerEvent {
  return { ...evidence(iss, 4, after(at)), type: 'recovery-cancelled', owner: ALICE }
}

function pay(iss: Did, id = 1): LedgerEvent {
  return { ...evidence(iss, 5, after(HOUR_MS)), type: 'orders-signed', orders: [post(id, 5)] }
}

function outcome(state: LedgerState, event: LedgerEvent): string {
  const [effect] = LEDGER_MACHINE.transition(state, event).effects
  return effect?.type === 'event-refused' ? effect.code : (effect?.type ?? 'nothing')
}

describe('a rotated key', () => {
  const rotated = run(fundedLedger(), [rotate(ALICE, NEXT)])

  it('signs nothing more for its accounts, and the key in its place does', () => {
    expect([outcome(rotated, pay(ALICE)), outcome(rotated, pay(NEXT))]).toEqual([
      'LEDGER_SIGNER_WRONG',
      'transfer-posted',
    ])
    expect(balanceOf(rotated, account(ALICE))).toBe(100n)
  })

  it('is followed through every key that took a place after it', () => {
    const twice = run(rotated, [rotate(NEXT, LATER)])
    expect([ALICE, NEXT, LATER].map((key) => authorityOf(twice, key))).toEqual([LATER, LATER, LATER])
    expect([outcome(twice, pay(NEXT)), outcome(twice, pay(LATER))]).toEqual(['LEDGER_SIGNER_WRONG', 'transfer-posted'])
  })

  it('takes no place again, so that nothing leads back', () => {
    expect(outcome(rotated, rotate(NEXT, ALICE))).toBe('LEDGER_KEY_REPLACED')
    expect(outcome(rotated, rotate(BOB, ALICE))).toBe('LEDGER_KEY_REPLACED')
    expect(outcome(rotated, rotate(BOB, BOB))).toBe('LEDGER_KEY_REPLACED')
    expect(outcome(rotated, rotate(ALICE, LATER))).toBe('LEDGER_SIGNER_WRONG')
  })

  it('is rotated once: the same again is a success that changes nothing', () => {
    const again = LEDGER_MACHINE.transition(rotated, rotate(ALICE, NEXT, { at: 9 }))
    expect(again.state).toBe(rotated)
    expect(again.effects.map(({ type }) => type)).toEqual(['key-replaced'])
  })

  it('is given up as lost afterwards, and never the other way round', () => {
    const lost = run(rotated, [rotate(ALICE, NEXT, { isLost: true })])
    expect(outcome(lost, rotate(ALICE, NEXT))).toBe('LEDGER_SIGNER_WRONG')
    expect(authorityOf(lost, ALICE)).toBe(NEXT)
    expect(outcome(rotated, rotate(ALICE, LATER, { isLost: true }))).toBe('LEDGER_SIGNER_WRONG')
  })

  it('stands against a recovery that is under way', () => {
    const stopped = run(fundedLedger(), [open(ALICE), request(ALICE, LATER), rotate(ALICE, NEXT)])
    expect(outcome(stopped, complete(ALICE))).toBe('LEDGER_RECOVERY_STATE')
  })

  it('leaves the currency of an issuer to the key in its place, caps that count anew included', () => {
    const cap = (iss: Did, seq: number, amount: number): LedgerEvent => ({
      ...evidence(iss, seq, after(1)),
      type: 'cap-changed',
      currency: USD,
      cap: nanos(amount),
    })
    const issue = (iss: Did): LedgerEvent => ({
      ...evidence(iss, 6, after(1)),
      type: 'credits-issued',
      id: idOf(7),
      owner: BOB,
      currency: USD,
      amount: nanos(1),
      reference: 'wire 7',
      isConfirmed: true,
    })
    const state = run(fundedLedger(), [cap(ISSUER, 9, 900), rotate(ISSUER, NEXT, { at: 1 })])
    expect([outcome(state, issue(ISSUER)), outcome(state, issue(NEXT))]).toEqual([
      'LEDGER_SIGNER_WRONG',
      'transfer-posted',
    ])
    expect([outcome(state, cap(ISSUER, 10, 800)), outcome(state, cap(NEXT, 0, 800))]).toEqual([
      'LEDGER_SIGNER_WRONG',
      'cap-set',
    ])
    expect(outcome(run(state, [cap(NEXT, 1, 800)]), cap(NEXT, 0, 700))).toBe('LEDGER_MESSAGE_OLD')
    const second = { ...evidence(NEXT, 0, after(2)), cap: nanos(5), recoveryKey: undefined, recoveryDelay: undefined }
    const register: LedgerEvent = { ...second, type: 'currency-registered', currency: currencyOf('EUR', ISSUER) }
    expect([outcome(state, { ...register, iss: ISSUER }), outcome(state, register)]).toEqual([
      'LEDGER_SIGNER_WRONG',
      'currency-opened',
    ])
  })

  it('is in the state that is written and read', () => {
    const state = run(rotated, [rotate(NEXT, LATER, { isLost: true }), open(BOB)])
    const json: unknown = JSON.parse(formatLedgerState(state))
    const read = parseLedgerState(json)
    expect(read && formatLedgerState(read)).toBe(formatLedgerState(state))
    expect(read && [authorityOf(read, ALICE), authorityOf(read, BOB)]).toEqual([LATER, BOB])
  })
})

describe('a recovery key', () => {
  it('is never the key that it is for', () => {
    expect(outcome(fundedLedger(), open(ALICE, ALICE))).toBe('LEDGER_RECOVERY_KEY')
    const naming = { recoveryKey: ISSUER, recoveryDelay: HOUR_MS, cap: nanos(1) }
    const currency = currencyOf('EUR', ISSUER)
    expect(outcome(fundedLedger(), { ...evidence(ISSUER, 2), type: 'currency-registered', currency, ...naming })).toBe(
      'LEDGER_RECOVERY_KEY',
    )
  })

  it('of a second currency is the account’s, or refused aloud', () => {
    const register = (recoveryKey: Did | undefined): LedgerEvent => ({
      ...evidence(ISSUER, 2),
      type: 'currency-registered',
      currency: currencyOf('EUR', ISSUER),
      cap: nanos(1),
      recoveryKey,
      recoveryDelay: recoveryKey && HOUR_MS,
    })
    const outcomes = [BOB, RECOVERY, undefined].map((key) => outcome(fundedLedger(), register(key)))
    expect(outcomes).toEqual(['LEDGER_OWNER_CONFLICT', 'currency-opened', 'currency-opened'])
  })

  it('may take its request back, also when the delay has passed', () => {
    const state = run(fundedLedger(), [open(ALICE), request(ALICE, NEXT)])
    expect([outcome(state, cancel(BOB)), outcome(state, cancel(RECOVERY, HOUR_MS))]).toEqual([
      'LEDGER_SIGNER_WRONG',
      'recovery-stopped',
    ])
  })

  it('names no successor that was replaced, nor one that is when the delay has passed', () => {
    const state = run(fundedLedger(), [open(ALICE), rotate(NEXT, LATER)])
    expect(outcome(state, request(ALICE, NEXT))).toBe('LEDGER_KEY_REPLACED')
    expect(outcome(state, request(ALICE, ALICE))).toBe('LEDGER_KEY_REPLACED')
    const replaced = run(state, [request(ALICE, CAROL), rotate(CAROL, BOB)])
    expect(outcome(replaced, complete(ALICE))).toBe('LEDGER_KEY_REPLACED')
    const round = run(state, [request(ALICE, CAROL), rotate(CAROL, ALICE)])
    expect(outcome(round, complete(ALICE))).toBe('LEDGER_KEY_REPLACED')
  })

  it('puts a key in the place of one that has taken a place itself', () => {
    const state = run(fundedLedger(), [rotate(ALICE, NEXT), open(NEXT), request(NEXT, LATER), complete(NEXT)])
    expect(authorityOf(state, ALICE)).toBe(LATER)
    expect([outcome(state, pay(NEXT)), outcome(state, pay(LATER))]).toEqual(['LEDGER_SIGNER_WRONG', 'transfer-posted'])
  })
})
