import { CodedError } from '../../../base/errors.ts'
import { type Amount, AMOUNT_MAX, amountFromNanos } from '../../../base/money.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../../../core/budget/budget-window.ts'

/** What one member asks of the books. Amounts are decimal nano-units as text. */
export type BudgetCommand =
  | {
      readonly type: 'reserve'
      readonly id: string
      readonly scopes: readonly string[]
      readonly amount: string
      readonly expiryMs: number
    }
  | {
      readonly type: 'settle'
      readonly id: string
      readonly scopes: readonly string[]
      /** What was reserved; what was spent beyond is charged even where the reservation is gone. */
      readonly amount: string
      readonly spent: string
    }

/** Why there is no room. */
export type MissingScopeRoom = {
  readonly account: string
  readonly window: BudgetWindow
  readonly limitNanos: Amount
  readonly availableNanos: Amount
}

/** `undefined` for a command that was carried out. Throws `STORE_CORRUPTED` for what no server of this version answers. */
export function readRefusal(answer: unknown): MissingScopeRoom | undefined {
  const refused = memberOf(answer, 'refused')
  if (refused === undefined) return undefined
  const account = memberOf(refused, 'scope')
  const window = BUDGET_WINDOWS.find((name) => name === memberOf(refused, 'span'))
  if (typeof account !== 'string' || window === undefined)
    throw brokenBooks('a refusal names no scope or no window that is known')
  return {
    account,
    window,
    limitNanos: readNanos(memberOf(refused, 'limit')),
    availableNanos: readNanos(memberOf(refused, 'available')),
  }
}

/** Reads decimal text of nano-units. Throws `STORE_CORRUPTED` for anything else, and above `AMOUNT_MAX`. */
export function readNanos(text: unknown): Amount {
  const nanos = typeof text === 'string' && /^[0-9]{1,20}$/.test(text) ? BigInt(text) : -1n
  if (nanos < 0n || nanos > AMOUNT_MAX) throw brokenBooks('what should be an amount is none')
  return amountFromNanos(nanos)
}

/** `undefined` where there is none. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** `STORE_CORRUPTED`: the tables hold what the statements of this version never write. */
export function brokenBooks(what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', { message: `The books of the budgets cannot be read: ${what}` })
}
