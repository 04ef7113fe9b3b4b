import { type Amount, amountFromNanos } from '../../../base/money.ts'
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

/** `undefined` for a command that was carried out. Throws `TypeError` for what no server of this version answers. */
export function readRefusal(answer: unknown): MissingScopeRoom | undefined {
  const refused = memberOf(answer, 'refused')
  if (refused === undefined) return undefined
  const account = memberOf(refused, 'scope')
  const window = BUDGET_WINDOWS.find((name) => name === memberOf(refused, 'span'))
  if (typeof account !== 'string' || window === undefined) throw new TypeError('A refusal names a scope and a window')
  return {
    account,
    window,
    limitNanos: readNanos(memberOf(refused, 'limit')),
    availableNanos: readNanos(memberOf(refused, 'available')),
  }
}

export function readNanos(text: unknown): Amount {
  if (typeof text !== 'string' || !/^[0-9]{1,20}$/.test(text)) throw new TypeError('An amount is decimal text')
  return amountFromNanos(BigInt(text))
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
