import { amountFromNanos } from '../../../base/money.ts'
import type { TenantId } from '../../../base/identifiers.ts'
import { tenantOf } from './tenants.ts'

/** Times at which a machine is rushed at; each by a tenant of its own, whose budget is whole. */
export const RUSHES = 6
/** Tasks that come at once. */
export const RUSH_TASKS = 6
/** The longest answer that they ask for: nearly every answer is as long, so that a call costs nearly what was taken for it. */
export const RUSH_TOKENS_MAX = 48
/** Room for two of those calls at the price of the beginning. */
export const RUSH_LIMIT_NANOS = amountFromNanos(450_000n)
/** The model that is asked; a policy would spread them. */
export const RUSH_MODEL = 'openai/gpt-3.5-turbo-1106'

/** Those who ask for more at once than their budgets have room for. */
export function rushTenants(machine: string): readonly TenantId[] {
  return Array.from({ length: RUSHES }, (_, at) => tenantOf(`rush-${machine}-${at + 1}`))
}
