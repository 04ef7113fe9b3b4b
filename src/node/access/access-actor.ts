import { CodedError } from '../../base/errors.ts'
import type { AccessEntry } from '../../core/access/access-entry.ts'
import { tenantOf } from '../../core/access/access-machine.ts'
import type { ApiKeyConfig } from '../config/node-config.ts'

/** How far somebody's administration reaches: the whole node, one tenant, or one team of it. */
export type AccessReach =
  | { readonly kind: 'node' }
  | {
      readonly kind: 'tenant'
      readonly tenant: string
      /** Absent: all of the tenant. */
      readonly team?: string
      /** The key that asks; it does not change itself, save to replace or revoke itself. */
      readonly keyId: string
    }

/** Who manages access, and how far. */
export type AccessActor = {
  /** For the audit journal. */
  readonly by: string
  readonly reach: AccessReach
}

/** Whether an entry may be seen: of a tenant all that is in it, and the tenant itself. */
export function isWithinReach(reach: AccessReach, entry: AccessEntry): boolean {
  if (reach.kind === 'node') return true
  if (entry.kind === 'organisation' || tenantOf(entry) !== reach.tenant) return false
  if (reach.team === undefined || entry.kind === 'tenant') return true
  return entry.kind === 'team' ? entry.id === reach.team : entry.parent === `team:${reach.team}`
}

/** The same of an entry of the configuration, whose teams name no tenant. */
export function isConfiguredWithinReach(
  reach: AccessReach,
  { kind, id, key }: { readonly kind: AccessEntry['kind']; readonly id: string; readonly key?: ApiKeyConfig },
): boolean {
  if (reach.kind === 'node') return true
  if (kind === 'tenant') return id === reach.tenant
  if (kind !== 'key' || key?.tenant !== reach.tenant) return false
  return reach.team === undefined || key.team === reach.team
}

/** Throws `GATEWAY_ROLE_REFUSED` unless an entry that may be seen may be changed too: what bounds an admin is not for that admin to change. */
export function requireChangeable({ reach }: AccessActor, entry: Pick<AccessEntry, 'kind' | 'id'>): void {
  if (reach.kind === 'node') return
  const isOwn = entry.kind === 'key' && entry.id === reach.keyId
  const isAbove = entry.kind === 'organisation' || entry.kind === 'tenant' || entry.id === reach.team
  if (!isOwn && !isAbove) return
  throw new CodedError('GATEWAY_ROLE_REFUSED', {
    message: `A key with the role admin does not change ${isOwn ? 'itself' : `the ${entry.kind} that it is in`}`,
    details: { remedy: 'Use the admin token of the node.' },
  })
}
