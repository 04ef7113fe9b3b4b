import { amountFromNanos } from '../../src/base/money.ts'
import type { BudgetLimit } from '../../src/router/budgets/budget-owner.ts'

export const TORTURE_TENANT = 'tortured'
export const TORTURE_LIMITS: readonly BudgetLimit[] = [
  { scope: `tenant:${TORTURE_TENANT}`, window: 'total', limitNanos: amountFromNanos(1_000_000_000n) },
]

/** What a killed process said, line by line; see storage-child.ts. */
export type Transcript = {
  readonly isOpened: boolean
  /** Bounds of what may have been charged to the account by this process and by the restart after it. */
  readonly spentMin: number
  readonly spentMax: number
  /** Numbers of the last records that were acknowledged; 0 for none. */
  readonly telemetryStored: number
  readonly cacheStored: number
  readonly acknowledgements: number
  readonly refusals: readonly string[]
}

type Call = { amount: number; isGranted: boolean; spent: number | undefined; isSettled: boolean; isRefused: boolean }

export function readTranscript(text: string): Transcript {
  const calls = new Map<string, Call>()
  const stored = { T: 0, C: 0 }
  const refusals: string[] = []
  let isOpened = false
  let acknowledgements = 0
  // The last line may have been cut by the kill.
  for (const line of text.split('\n').slice(0, -1)) {
    const [kind = '', id = '', number = ''] = line.split(' ')
    const call = calls.get(id)
    if (kind === 'O') isOpened = true
    if (kind === 'E') refusals.push(id)
    if (kind === 'r')
      calls.set(id, { amount: Number(number), isGranted: false, spent: undefined, isSettled: false, isRefused: false })
    if (kind === 'T' || kind === 'C') stored[kind] = Number(id)
    if (call !== undefined && kind === 'R') call.isGranted = true
    if (call !== undefined && kind === 'X') call.isRefused = true
    if (call !== undefined && kind === 's') call.spent = Number(number)
    if (call !== undefined && kind === 'S') call.isSettled = true
    if ('RSTC'.includes(kind)) acknowledgements += 1
  }
  const bounds = boundsOf([...calls.values()])
  return { isOpened, ...bounds, telemetryStored: stored.T, cacheStored: stored.C, acknowledgements, refusals }
}

/** An acknowledged settlement is charged exactly; a granted call at least the less and at most the more of its two prices. */
function boundsOf(calls: readonly Call[]): { spentMin: number; spentMax: number } {
  let spentMin = 0
  let spentMax = 0
  for (const { amount, isGranted, spent, isSettled, isRefused } of calls) {
    if (isRefused) continue
    if (isSettled && spent !== undefined) {
      spentMin += spent
      spentMax += spent
      continue
    }
    if (isGranted) spentMin += Math.min(amount, spent ?? amount)
    spentMax += Math.max(amount, spent ?? 0)
  }
  return { spentMin, spentMax }
}
