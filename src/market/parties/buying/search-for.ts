import { amountFromNanos } from '../../../base/money.ts'
import { taskHashOf } from '../contracts/task-package.ts'
import type { BuyerSide } from './buyer-side.ts'
import type { SellerSearch } from './find-sellers.ts'
import { filterOf } from './orders.ts'

/** Which offers fit a purchase. */
export function searchFor({ orders, policy, standingOf }: BuyerSide, key: string): Omit<SellerSearch, 'peers'> {
  const { request, task } = orders.get(key)
  return {
    skill: request.skill,
    currency: request.currency,
    maxNanos: amountFromNanos(BigInt(request.maxNanos)),
    latencyMsMax: policy.latencyMsMax,
    inputBytes: task.inputBytes,
    need: taskHashOf(task),
    standingOf,
    filter: filterOf(request),
  }
}
