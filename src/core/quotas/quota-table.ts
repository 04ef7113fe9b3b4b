import {
  type BucketMap,
  bucketMapDelete,
  bucketMapEntries,
  bucketMapGet,
  bucketMapSet,
  emptyBucketMap,
} from '../budget/bucket-map.ts'

/** How often something may be done for a scope. */
export type QuotaRule = {
  /** `node`, or a kind and a name such as `key:k1`; `key:*` means each key by itself that no rule names. */
  readonly scope: string
  readonly perMinute: number
  /** How many at once, after a rest. */
  readonly burst: number
}

/** What is left for a scope, in sixty-thousandths: a rule gives back as many in a millisecond as it allows in a minute, so nothing is rounded. */
type Purse = { readonly left: number; readonly atMs: number }

export type QuotaTable = {
  readonly rules: ReadonlyMap<string, QuotaRule>
  readonly purses: BucketMap<Purse>
  /** Not before then are purses looked through again for those that are full. */
  readonly sweepAtMs: number
}

export type QuotaOutcome =
  | { readonly kind: 'granted'; readonly table: QuotaTable }
  | { readonly kind: 'refused'; readonly table: QuotaTable; readonly scope: string; readonly waitMs: number }

/** Scopes that are counted at one time; those beyond share one purse of their kind. */
export const PURSES_MAX = 4_096
const UNITS = 60_000
const SWEEP_EVERY_MS = 1_000

export function createQuotaTable(rules: readonly QuotaRule[]): QuotaTable {
  return { rules: new Map(rules.map((rule) => [rule.scope, rule])), purses: emptyBucketMap(), sweepAtMs: 0 }
}

/** Takes one from each scope that a rule bounds, or none from any. Instants are of a monotonic clock. */
export function takeQuota(
  table: QuotaTable,
  { scopes, atMs }: { readonly scopes: readonly string[]; readonly atMs: number },
): QuotaOutcome {
  const bounded = scopes.flatMap((scope) => ruleFor(table, scope) ?? [])
  if (bounded.length === 0) return { kind: 'granted', table }
  const swept = table.purses.size + bounded.length <= PURSES_MAX ? table : sweep(table, atMs)
  let { purses } = swept
  let refused: { readonly scope: string; readonly waitMs: number } | undefined
  for (const { scope, rule } of bounded) {
    const known = bucketMapGet(purses, scope)
    const name = known !== undefined || purses.size < PURSES_MAX ? scope : `${kindOf(scope)}:*`
    const purse = bucketMapGet(purses, name)
    const left = refill(purse, rule, atMs)
    if (left >= UNITS) {
      purses = bucketMapSet(purses, name, { left: left - UNITS, atMs: Math.max(atMs, purse?.atMs ?? atMs) })
      continue
    }
    const waitMs = Math.ceil((UNITS - left) / rule.perMinute)
    if (refused === undefined || waitMs > refused.waitMs) refused = { scope, waitMs }
  }
  if (refused !== undefined) return { kind: 'refused', table: swept, ...refused }
  return { kind: 'granted', table: { ...swept, purses } }
}

function ruleFor(
  { rules }: QuotaTable,
  scope: string,
): { readonly scope: string; readonly rule: QuotaRule } | undefined {
  const rule = rules.get(scope) ?? rules.get(`${kindOf(scope)}:*`)
  return rule === undefined ? undefined : { scope, rule }
}

function kindOf(scope: string): string {
  const colon = scope.indexOf(':')
  return colon === -1 ? scope : scope.slice(0, colon)
}

function refill(purse: Purse | undefined, { perMinute, burst }: QuotaRule, atMs: number): number {
  if (purse === undefined) return burst * UNITS
  // A clock that went back gives nothing.
  return Math.min(burst * UNITS, purse.left + Math.max(0, Math.floor(atMs - purse.atMs)) * perMinute)
}

/** Without the purses that are full by now: they are as if they had never been. */
function sweep(table: QuotaTable, atMs: number): QuotaTable {
  if (atMs < table.sweepAtMs) return table
  let { purses } = table
  for (const [scope, purse] of bucketMapEntries(purses)) {
    const found = ruleFor(table, scope)
    if (found === undefined || refill(purse, found.rule, atMs) >= found.rule.burst * UNITS)
      purses = bucketMapDelete(purses, scope)
  }
  return { ...table, purses, sweepAtMs: atMs + SWEEP_EVERY_MS }
}
