import type { TaskId } from '../../base/identifiers.ts'
import type { RouteCaller } from '../../ports/router.ts'

/** The account that every call of this node counts against. */
export const NODE_ACCOUNT = 'node'

/** The account of calls that try a policy beside the one that answers. */
export const SHADOW_ACCOUNT = 'shadow'

/**
 * Accounts of a call, outermost first: the node, the organisation, the team, the tenant, the key, the agent and the task. A limit on
 * any of them bounds the call.
 */
export function accountsOf(caller: RouteCaller, taskId?: TaskId): readonly string[] {
  const accounts: string[] = [NODE_ACCOUNT]
  if (caller.organisation !== undefined) accounts.push(`organisation:${caller.organisation}`)
  if (caller.team !== undefined) accounts.push(`team:${caller.team}`)
  accounts.push(`tenant:${caller.tenant}`)
  if (caller.keyId !== undefined) accounts.push(`key:${caller.keyId}`)
  if (caller.agent !== undefined) accounts.push(`agent:${caller.agent}`)
  if (taskId !== undefined) accounts.push(`task:${taskId}`)
  return accounts
}

/** Accounts of a call that only the operator wants: no caller pays for it. */
export function shadowAccounts(): readonly string[] {
  return [NODE_ACCOUNT, SHADOW_ACCOUNT]
}
