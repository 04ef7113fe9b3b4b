import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import { type AccessKind, scopeOf } from '../../core/access/access-entry.ts'
import { budgetIdOf } from '../../core/access/access-machine.ts'
import type { ApiKeyConfig, NodeConfig } from '../config/node-config.ts'

/** One organisation, tenant, team or key of the configuration, which nobody changes while the node runs. */
export type ConfiguredEntry = { readonly kind: AccessKind; readonly id: string; readonly key?: ApiKeyConfig }

/** What the configuration says of access. */
export type ConfiguredAccess = {
  /** By scope. */
  readonly entries: ReadonlyMap<string, ConfiguredEntry>
  /** Limits that it sets, as `SCOPE@WINDOW`. */
  readonly budgets: ReadonlySet<string>
}

/** What of a configuration is about access: its keys and all that these name, its budgets, and the tenant of nobody in particular. */
export function configuredAccess({ keys, budgets }: Pick<NodeConfig, 'keys' | 'budgets'>): ConfiguredAccess {
  const entries = new Map<string, ConfiguredEntry>()
  const add = (entry: ConfiguredEntry): void => void entries.set(scopeOf(entry), entry)
  add({ kind: 'tenant', id: DEFAULT_TENANT })
  for (const key of keys) {
    if (key.organisation !== undefined) add({ kind: 'organisation', id: key.organisation })
    if (key.team !== undefined) add({ kind: 'team', id: key.team })
    add({ kind: 'tenant', id: key.tenant })
    add({ kind: 'key', id: key.id, key })
  }
  return { entries, budgets: new Set(budgets.map(({ scope, window }) => budgetIdOf(scope, window))) }
}
