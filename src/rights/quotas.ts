import { CodedError } from '../base/errors.ts'
import { createQuotaTable, type QuotaRule, type QuotaTable, takeQuota } from '../core/quotas/quota-table.ts'
import type { Clock } from '../ports/clock.ts'
import type { RouteCaller } from '../ports/router.ts'

/** How often callers may have something done. */
export class Quotas {
  private readonly clock: Pick<Clock, 'monotonicMs'>
  /** Refusals since the start, by kind of scope. */
  readonly refusals: ReadonlyMap<string, number>
  private readonly counts = new Map<string, number>()
  private table: QuotaTable

  constructor(rules: readonly QuotaRule[], clock: Pick<Clock, 'monotonicMs'>) {
    this.table = createQuotaTable(rules)
    this.clock = clock
    this.refusals = this.counts
  }

  /** Takes one from each scope. Throws `QUOTA_EXCEEDED` where one has none left; then nothing is taken. */
  take(scopes: readonly string[]): void {
    const outcome = takeQuota(this.table, { scopes, atMs: this.clock.monotonicMs() })
    this.table = outcome.table
    if (outcome.kind === 'granted') return
    const { scope, waitMs } = outcome
    const [kind = scope] = scope.split(':')
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    throw new CodedError('QUOTA_EXCEEDED', {
      message: `The quota of ${scope} is used up for now`,
      details: { scope, retryAfterMs: waitMs },
    })
  }
}

/** Whose quotas a task takes from. */
export function scopesOf({ tenant, organisation, team, keyId, agent, skill, peer }: RouteCaller): readonly string[] {
  return [
    'node',
    ...named('organisation', organisation),
    ...named('team', team),
    `tenant:${tenant}`,
    ...named('key', keyId),
    ...named('agent', agent),
    ...named('skill', skill),
    ...named('peer', peer),
  ]
}

function named(kind: string, name: string | undefined): readonly string[] {
  return name === undefined ? [] : [`${kind}:${name}`]
}
