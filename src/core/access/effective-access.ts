import type { Timestamp } from '../../base/time.ts'
import { type BucketMap, bucketMapGet } from '../budget/bucket-map.ts'
import type { ExecutionTier } from '../routing/task-outcome.ts'
import { type AccessEntry, type AccessRates, type AccessRole, entryNameOf } from './access-entry.ts'

/** Limits of one level that a key is in, itself included. */
export type ScopedRates = { readonly scope: string; readonly rates: AccessRates }

/** What a key may do, all levels taken together. */
export type EffectiveAccess = {
  readonly keyId: string
  readonly tenant: string
  readonly team: string | undefined
  readonly organisation: string | undefined
  readonly role: AccessRole
  /** What every level allows; absent: all. */
  readonly tiers: readonly ExecutionTier[] | undefined
  readonly models: readonly string[] | undefined
  /** Outermost first; only levels that bound something. */
  readonly rates: readonly ScopedRates[]
  readonly expiresAt: Timestamp | undefined
  /** Why it is not taken, whatever the time is. */
  readonly barred: 'revoked' | 'disabled' | 'without-owner' | undefined
}

export type AccessSurroundings = {
  readonly entries: BucketMap<AccessEntry>
  /** Whether the configuration tells of an organisation or tenant. */
  readonly isConfigured: (scope: string) => boolean
}

/** What a key may do; `undefined` for a scope that is no key's. */
export function effectiveAccess(scope: string, surroundings: AccessSurroundings): EffectiveAccess | undefined {
  const entry = bucketMapGet(surroundings.entries, scope)
  if (entry?.key === undefined) return undefined
  const { levels, isWhole } = levelsOf(entry, surroundings)
  const names = new Map(levels.map(({ kind, id }) => [kind, id]))
  return {
    keyId: entry.id,
    tenant: names.get('tenant') ?? '',
    team: names.get('team'),
    organisation: names.get('organisation'),
    role: entry.key.role,
    tiers: meet(levels.map(({ tiers }) => tiers)),
    models: meet(levels.map(({ models }) => models)),
    rates: levels.flatMap((level) =>
      level.rates === undefined ? [] : [{ scope: `${level.kind}:${level.id}`, rates: level.rates }],
    ),
    expiresAt: entry.key.expiresAt,
    barred: barOf(entry, levels, isWhole),
  }
}

type Level = Pick<AccessEntry, 'kind' | 'id' | 'tiers' | 'models' | 'rates'> & { readonly isDisabled: boolean }

/** From the outermost to the key itself. A level of the configuration bounds nothing here; one that is nowhere makes the key worthless. */
function levelsOf(
  entry: AccessEntry,
  { entries, isConfigured }: AccessSurroundings,
): { readonly levels: readonly Level[]; readonly isWhole: boolean } {
  const levels: Level[] = [entry]
  let above = entry.parent
  while (above !== undefined) {
    const kept = bucketMapGet(entries, above)
    const name = entryNameOf(above)
    if (kept === undefined && (name === undefined || !isConfigured(above))) return { levels, isWhole: false }
    if (kept !== undefined) levels.unshift(kept)
    else if (name !== undefined) levels.unshift({ ...name, isDisabled: false })
    above = kept?.parent
  }
  return { levels, isWhole: true }
}

function barOf(entry: AccessEntry, levels: readonly Level[], isWhole: boolean): EffectiveAccess['barred'] {
  if (entry.key?.revokedAt !== undefined) return 'revoked'
  if (!isWhole) return 'without-owner'
  return levels.some(({ isDisabled }) => isDisabled) ? 'disabled' : undefined
}

/** What all lists have in common; `undefined` where there is no list. */
function meet<Item>(lists: readonly (readonly Item[] | undefined)[]): readonly Item[] | undefined {
  let common: readonly Item[] | undefined
  for (const list of lists) {
    if (list === undefined) continue
    common = common === undefined ? list : common.filter((item) => list.includes(item))
  }
  return common
}
