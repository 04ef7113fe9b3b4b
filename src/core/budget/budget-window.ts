import { DAY_MS, HOUR_MS } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import { civilDateOfInstant } from '../models/civil-date.ts'

/** Spans a limit can cover, shortest first. Hours, days and months are those of UTC. */
export const BUDGET_WINDOWS = ['hour', 'day', 'month', 'total'] as const
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number]

/** Number of the window that holds an instant, per span: counts up by one, without gaps. `total` is always 0. */
export type WindowIds = Readonly<Record<BudgetWindow, number>>

export function windowIdsAt(at: Timestamp): WindowIds {
  const date = civilDateOfInstant(at)
  return {
    hour: Math.floor(at / HOUR_MS),
    day: Math.floor(at / DAY_MS),
    month: Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1,
    total: 0,
  }
}
