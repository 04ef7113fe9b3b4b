import { SHADOW_ACCOUNT } from '../../router/budgets/budget-accounts.ts'
import { createBudgetOwner, type BudgetLimit, type BudgetOwner } from '../../router/budgets/budget-owner.ts'
import { advanceBudgets } from '../../router/budgets/advanced-budgets.ts'
import type { LimitOwner } from '../access/access-registry.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { Platform } from '../open-platform.ts'
import type { SharedStore } from './open-shared-store.ts'

export type OpenBudgetsInit = Pick<Platform, 'directory' | 'actors' | 'clock' | 'random' | 'timers'> & {
  readonly config: NodeConfig
  readonly shared: SharedStore | undefined
  /** Limits that were set while the node ran, before. */
  readonly access: { readonly limits: readonly BudgetLimit[] }
  readonly closers: (() => Promise<void>)[]
}

/** The budgets of the fleet where there is one, else those of this node alone. Throws `STORE_CORRUPTED`, and as the store. */
export async function openBudgets({
  config,
  shared,
  access,
  closers,
  ...platform
}: OpenBudgetsInit): Promise<BudgetOwner & LimitOwner> {
  const limits = limitsOf(config)
  const budgets =
    shared?.createBudgets(limits, access.limits) ??
    advanceBudgets({
      ...platform,
      owner: createBudgetOwner(
        { ...platform, log: await platform.directory.openEventLog('budgets') },
        { limits: [...limits, ...access.limits] },
      ),
    })
  closers.push(() => budgets.stop())
  await budgets.start()
  return budgets
}

/** Trying candidates in the shadow is always bounded, by nothing where the operator allows nothing. */
function limitsOf({ budgets, policy }: NodeConfig): readonly BudgetLimit[] {
  const { shadowBudgetNanos, shadowBudgetWindow } = policy.rollout
  return [...budgets, { scope: SHADOW_ACCOUNT, window: shadowBudgetWindow, limitNanos: shadowBudgetNanos }]
}
