import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../../src/core/evidence/names.ts'
import type { LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import {
  type AccountId,
  type AccountKind,
  type Currency,
  formatAccountId,
  parseCurrency,
  parseTransferId,
  type TransferId,
} from '../../../src/core/ledger/ledger-names.ts'
import type { LedgerLimits, LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import type { HoldOrder, PostHeldOrder, PostOrder, VoidHeldOrder } from '../../../src/core/ledger/transfer-order.ts'

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('A builder was given what is no name')
  return value
}

/** A DID by its number: the shape of one, with no key behind it. */
export function didOf(number: number): Did {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let text = ''
  for (let rest = number; text.length < 44; rest = Math.floor(rest / 58)) text = `${digits.charAt(rest % 58)}${text}`
  return present(parseDid(`did:key:z6Mk${text}`))
}

export const ISSUER: Did = didOf(1_000)
export const RECOVERY: Did = didOf(1_001)
export const ALICE: Did = didOf(1)
export const BOB: Did = didOf(2)
export const CAROL: Did = didOf(3)
export const USD: Currency = currencyOf('USD', ISSUER)
export const CONTRACT: ContractId = present(parseContractId('c0'.repeat(32)))
export const START: Timestamp = timestampFromMs(Date.UTC(2026, 0, 1))

export function currencyOf(code: string, issuer: Did): Currency {
  return present(parseCurrency(`${code}@${issuer}`))
}

export function idOf(number: number): TransferId {
  return present(parseTransferId(number.toString(16).padStart(32, '0')))
}

export function hashOf(number: number): Hash {
  return present(parseHash(number.toString(16).padStart(64, '0')))
}

export function account(owner: Did, kind: AccountKind = 'available', currency: Currency = USD): AccountId {
  return formatAccountId({ owner, kind, currency })
}

export function nanos(value: number | bigint): Amount {
  return amountFromNanos(BigInt(value))
}

export function after(milliseconds: number): Timestamp {
  return timestampFromMs(START + milliseconds)
}

export function evidence(iss: Did, seq = 0, at: Timestamp = START): Evidence {
  return { envelope: hashOf(seq), iss, seq, prev: undefined, at }
}

const HEAD = { isLinked: false, contract: undefined, reference: undefined } as const

export function post(id: number, amount: number, members: Partial<PostOrder> = {}): PostOrder {
  return {
    ...HEAD,
    kind: 'post',
    id: idOf(id),
    debit: account(ALICE),
    credit: account(BOB),
    amount: nanos(amount),
    ...members,
  }
}

export function hold(id: number, amount: number, members: Partial<HoldOrder> = {}): HoldOrder {
  const sides = { debit: account(ALICE), credit: account(BOB) }
  return { ...HEAD, kind: 'hold', id: idOf(id), ...sides, amount: nanos(amount), expiresAt: undefined, ...members }
}

export function postHeld(
  id: number,
  held: number,
  amount: number,
  members: Partial<PostHeldOrder> = {},
): PostHeldOrder {
  return {
    ...HEAD,
    kind: 'post-held',
    id: idOf(id),
    heldId: idOf(held),
    credit: account(BOB),
    amount: nanos(amount),
    ...members,
  }
}

export function voidHeld(id: number, held: number, members: Partial<VoidHeldOrder> = {}): VoidHeldOrder {
  return { ...HEAD, kind: 'void-held', id: idOf(id), heldId: idOf(held), ...members }
}

/** A ledger with one currency, in which `owner` has `amount`. */
export function fundedLedger(init: { amount?: number; cap?: number; limits?: LedgerLimits } = {}): LedgerState {
  const { amount = 100, cap = 1_000_000, limits } = init
  const events: LedgerEvent[] = [
    { type: 'issuer-listed', issuer: ISSUER, isListed: true, at: START },
    {
      ...evidence(ISSUER),
      type: 'currency-registered',
      currency: USD,
      cap: nanos(cap),
      recoveryKey: RECOVERY,
      recoveryDelay: HOUR_MS,
    },
    {
      ...evidence(ISSUER, 1),
      type: 'credits-issued',
      id: idOf(999_999),
      owner: ALICE,
      currency: USD,
      amount: nanos(amount),
      reference: 'wire 1',
      isConfirmed: true,
    },
  ]
  return run(LEDGER_MACHINE.initial(limits === undefined ? { at: START } : { at: START, limits }), events)
}

/** Runs events; every one of them must have an effect that is no refusal. */
export function run(state: LedgerState, events: readonly LedgerEvent[]): LedgerState {
  let current = state
  for (const event of events) {
    const step = LEDGER_MACHINE.transition(current, event)
    const refusal = step.effects.find(({ type }) => type === 'event-refused')
    if (refusal !== undefined) throw new Error(JSON.stringify(refusal))
    current = step.state
  }
  return current
}
