import { DEFAULT_TENANT, parseTenantId, type TenantId } from '../../base/identifiers.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { RouteCaller } from '../../ports/router.ts'

/** Whose all work for payers is: budgets of `organisation:market` bound it together. */
const MARKET = 'market'
/** Hexadecimal digits of a payer's name: no two payers have the same. */
const DIGITS = 32

/**
 * As whom work for a payer is done: as a tenant of its own, so that no payer is answered out of what was done for another one, or for those who work with this node.
 *
 * @param payer  `undefined` where work is done again for arbiters, who are not its payers.
 */
export function callerOfPayer(payer: Did | undefined, skill: string): RouteCaller & { readonly tenant: TenantId } {
  const name = payer === undefined ? 'replica' : sha256Hex(payer).slice(0, DIGITS)
  const tenant = parseTenantId(`${MARKET}:${name}`) ?? DEFAULT_TENANT
  return { tenant, organisation: MARKET, skill, ...(payer !== undefined && { peer: payer }) }
}
