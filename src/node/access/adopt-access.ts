import { CodedError } from '../../base/errors.ts'
import { ACCESS_KINDS, type AccessEntry } from '../../core/access/access-entry.ts'
import { type AccessEvent, type AccessState, budgetIdOf, parseBudgetId } from '../../core/access/access-machine.ts'
import { bucketMapEntries, bucketMapGet } from '../../core/budget/bucket-map.ts'
import { BUDGET_WINDOWS } from '../../core/budget/budget-window.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AccessRegistry } from './access-registry.ts'

export type AdoptAccessInit = {
  /** Of the data directory alone. */
  readonly own: AccessRegistry
  /** Of all gateways. */
  readonly shared: AccessRegistry
  readonly clock: Pick<Clock, 'now'>
  /** Told of what the gateways have under the same name already, and which therefore stays as they have it. */
  readonly onError: (error: unknown) => void
}

/** Who an entry is from, in the audit journal. */
const BY = 'the data directory'

/**
 * Moves what a gateway kept for itself to where all gateways keep it: keys that were made before it joined go on being taken. What was moved is gone from the data directory,
 * so that nothing that is removed later comes back with a start. Throws what the journals throw; begun again after that, it goes on.
 */
export async function adoptAccess({ own, shared, clock, onError }: AdoptAccessInit): Promise<void> {
  const { state } = own
  const events = [...entriesOf(state), ...foreignLimits(state, clock)]
  if (events.length === 0) return
  const there: string[] = []
  for (const event of events) {
    const isDone = event.type === 'budget-set' ? isLimited(shared.state, event) : await isAdopted(shared, event)
    if (isDone) continue
    if (event.type === 'budget-set') await shared.change(event, BY)
    else there.push(`${event.entry.kind}:${event.entry.id}`)
  }
  await own.forgetAll()
  if (there.length > 0) onError(leftAsTheyAre(there))
}

type AdoptedEvent = Extract<AccessEvent, { readonly type: 'entry-adopted' }>
type LimitEvent = Extract<AccessEvent, { readonly type: 'budget-set' }>

/** Outermost first, so that what each is in is there. */
function entriesOf({ entries, budgets }: AccessState): readonly AdoptedEvent[] {
  const all = bucketMapEntries(entries)
  return ACCESS_KINDS.flatMap((kind) =>
    all.flatMap(([scope, entry]) => {
      if (entry.kind !== kind) return []
      const limits = BUDGET_WINDOWS.flatMap((window) => {
        const limitNanos = bucketMapGet(budgets, budgetIdOf(scope, window))
        return limitNanos === undefined ? [] : [{ window, limitNanos }]
      })
      return [{ type: 'entry-adopted' as const, entry, budgets: limits }]
    }),
  )
}

/** Limits of what is no entry: the node, agents, and names of the configuration. */
function foreignLimits({ entries, budgets }: AccessState, clock: Pick<Clock, 'now'>): readonly LimitEvent[] {
  return bucketMapEntries(budgets).flatMap(([id, limitNanos]) => {
    const name = parseBudgetId(id)
    if (name === undefined || bucketMapGet(entries, name.scope) !== undefined) return []
    return [{ type: 'budget-set' as const, ...name, limitNanos, isForeign: true, at: clock.now() }]
  })
}

function isLimited({ budgets }: AccessState, { scope, window }: LimitEvent): boolean {
  return bucketMapGet(budgets, budgetIdOf(scope, window)) !== undefined
}

/** Whether the gateways have it now, or had the very same before. */
async function isAdopted(shared: AccessRegistry, event: AdoptedEvent): Promise<boolean> {
  try {
    await shared.change(event, BY)
    return true
  } catch (error: unknown) {
    if (!CodedError.is(error, 'ACCESS_ENTRY_EXISTS')) throw error
    const found = bucketMapGet(shared.state.entries, `${event.entry.kind}:${event.entry.id}`)
    return found !== undefined && isSame(found, event.entry)
  }
}

function isSame(one: AccessEntry, other: AccessEntry): boolean {
  return one.createdAt === other.createdAt && one.parent === other.parent
}

function leftAsTheyAre(scopes: readonly string[]): CodedError {
  const shown = scopes.slice(0, 20).join(', ')
  return new CodedError('ACCESS_ENTRY_EXISTS', {
    message: `Other gateways have these already, and what this one kept under the same names was left out: ${shown}`,
    details: { count: scopes.length, remedy: 'Compare them with `kernell access`; what differs is set again there.' },
  })
}
