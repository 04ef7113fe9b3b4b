import type { ErrorCode } from '../../base/error-codes.ts'
import { CodedError } from '../../base/errors.ts'
import type { FirewallRefusal } from '../../core/firewall/review-plan.ts'

/** The error of a plan that is not let through: the code of the first reason, and all of them in `details.refusals`. */
export function refusedPlan(refusals: readonly FirewallRefusal[]): CodedError {
  const [first] = refusals
  const code: ErrorCode = first?.code ?? 'FIREWALL_PLAN_INVALID'
  return new CodedError(code, {
    message: `The plan is refused: ${first?.why ?? 'it is malformed'}`,
    details: { refusals: refusals.map(({ code: rule, at, why, isApprovable }) => ({ rule, at, why, isApprovable })) },
  })
}
