import type { TenantId } from '../../base/identifiers.ts'
import { parseTenantId } from '../../base/identifiers.ts'
import type { Timestamp } from '../../base/time.ts'
import type { AccessKind } from '../../core/access/access-entry.ts'
import type { AccessState } from '../../core/access/access-machine.ts'
import { type EffectiveAccess, effectiveAccess } from '../../core/access/effective-access.ts'
import { bucketMapEntries, bucketMapGet } from '../../core/budget/bucket-map.ts'
import type { RouteCaller } from '../../ports/router.ts'
import type { ConfiguredAccess } from './configured-access.ts'

/** A key of the registry, ready to be used for a request. */
export type KnownKey = {
  readonly access: EffectiveAccess
  readonly caller: RouteCaller
  /** Its secrets by their SHA-256, each with its end where it is being replaced. */
  readonly ends: ReadonlyMap<string, Timestamp | undefined>
}

/** Everything of one kind, sorted by id: of the registry by `scope` alone, of the configuration marked. */
export type ListedScope = { readonly id: string; readonly scope: string; readonly isConfigured: boolean }

/** What is worked out of one state of the registry, once and when it is needed first. */
export class AccessView {
  private readonly configured: ConfiguredAccess
  private state: AccessState | undefined
  private keys = new Map<string, KnownKey | undefined>()
  private lists = new Map<AccessKind, readonly ListedScope[]>()

  constructor(configured: ConfiguredAccess) {
    this.configured = configured
  }

  /** The key that has a secret of this hash; `undefined` where none has. */
  keyOfDigest(state: AccessState, sha256: string): KnownKey | undefined {
    const scope = bucketMapGet(state.digests, sha256)
    return scope === undefined ? undefined : this.key(state, scope)
  }

  key(state: AccessState, scope: string): KnownKey | undefined {
    this.follow(state)
    const known = this.keys.get(scope)
    if (known !== undefined || this.keys.has(scope)) return known
    const made = this.make(state, scope)
    this.keys.set(scope, made)
    return made
  }

  list(state: AccessState, kind: AccessKind): readonly ListedScope[] {
    this.follow(state)
    const known = this.lists.get(kind) ?? this.listOf(state, kind)
    this.lists.set(kind, known)
    return known
  }

  private follow(state: AccessState): void {
    if (this.state === state) return
    this.state = state
    this.keys = new Map()
    this.lists = new Map()
  }

  private make(state: AccessState, scope: string): KnownKey | undefined {
    const { entries } = this.configured
    const access = effectiveAccess(scope, { entries: state.entries, isConfigured: (above) => entries.has(above) })
    const tenant: TenantId | undefined = access === undefined ? undefined : parseTenantId(access.tenant)
    if (access === undefined || tenant === undefined) return undefined
    const { keyId, organisation, team } = access
    const secrets = bucketMapGet(state.entries, scope)?.key?.secrets ?? []
    return {
      // One of the configuration that got the same id since has the budgets of that name.
      access: entries.has(scope) ? { ...access, barred: 'without-owner' } : access,
      caller: {
        tenant,
        keyId,
        ...(organisation !== undefined && { organisation }),
        ...(team !== undefined && { team }),
      },
      ends: new Map(secrets.map(({ sha256, until }) => [sha256, until])),
    }
  }

  private listOf(state: AccessState, kind: AccessKind): readonly ListedScope[] {
    const found: ListedScope[] = []
    for (const [scope, entry] of bucketMapEntries(state.entries))
      if (entry.kind === kind) found.push({ id: entry.id, scope, isConfigured: false })
    for (const [scope, entry] of this.configured.entries) {
      const isKept = bucketMapGet(state.entries, scope) !== undefined
      if (entry.kind === kind && !isKept) found.push({ id: entry.id, scope, isConfigured: true })
    }
    return found.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  }
}

/** Whether a text may name what has a budget of its own without being kept in the registry: the node, an agent, or what tries policies. */
export function isForeignScope(scope: string): boolean {
  return scope === 'node' || /^agent:[A-Za-z0-9._:-]{1,128}$/.test(scope)
}
