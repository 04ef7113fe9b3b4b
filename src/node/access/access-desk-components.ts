import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { BudgetOwner } from '../../router/budgets/budget-owner.ts'
import type { AccessRegistry } from './access-registry.ts'
import type { ConfiguredAccess } from './configured-access.ts'

/** What the administration of access works on. */
export type AccessDeskComponents = {
  readonly registry: AccessRegistry
  readonly configured: ConfiguredAccess
  readonly budgets: Pick<BudgetOwner, 'accountOf' | 'look'>
  readonly clock: Clock
  readonly random: Random
}
