import { assert } from '../base/assert.ts'
import type { TenantId } from '../base/identifiers.ts'
import { CodedError } from '../base/errors.ts'
import type { MemoryEvent } from '../core/memory/memory-event.ts'
import { EVENT_ITEMS_MAX } from '../core/memory/memory-event.ts'
import type { RankingWeights } from '../core/memory/rank-memories.ts'
import type { Clock } from '../ports/clock.ts'
import type { IssuedRecalls } from './issued-recalls.ts'
import type { Committed, MemoryOwner } from './memory-owner.ts'
import type { NodeVectors } from './node-vectors.ts'
import type { TenantChange, TenantEffect } from './tenant-state.ts'

/** What the memories of all tenants share. */
export type MemoryParts = {
  readonly owner: MemoryOwner
  readonly vectors: NodeVectors
  readonly recalls: IssuedRecalls
  readonly uses: NotedUses
  readonly ranking: RankingWeights
  readonly clock: Clock
}

/**
 * Nodes that were read since the tenant's last write. That they were is written with the next one: a recall costs no write,
 * and a crash loses a little of how lately something was used, nothing else.
 */
export class NotedUses {
  readonly #ids = new Map<TenantId, Set<string>>()

  note(tenant: TenantId, ids: readonly string[]): void {
    if (ids.length === 0) return
    let noted = this.#ids.get(tenant)
    if (noted === undefined) {
      noted = new Set()
      this.#ids.set(tenant, noted)
    }
    for (const id of ids) if (noted.size < EVENT_ITEMS_MAX) noted.add(id)
  }

  tenants(): readonly TenantId[] {
    return [...this.#ids.keys()]
  }

  take(tenant: TenantId): readonly string[] {
    const noted = this.#ids.get(tenant)
    this.#ids.delete(tenant)
    return noted === undefined ? [] : [...noted]
  }
}

/** Commits changes, and with them what was read since the last write. Returns the effects of the changes, not of that. */
export async function write(
  { owner, uses, clock }: Pick<MemoryParts, 'owner' | 'uses' | 'clock'>,
  tenant: TenantId,
  { changes, onApplied }: { readonly changes: readonly TenantChange[]; readonly onApplied?: () => void },
): Promise<Committed> {
  const ids = uses.take(tenant)
  if (ids.length === 0) return await owner.commit(tenant, changes, onApplied)
  const used = graphChange({ type: 'nodes-used', ids, at: clock.now() })
  const committed = await owner.commit(tenant, [used, ...changes], onApplied)
  return committed.slice(1)
}

export function graphChange(event: MemoryEvent): TenantChange {
  return { machine: 'graph', event }
}

/** Throws what a refusal means to whoever asked; does nothing when there was none. */
export function throwIfRefused(effects: readonly TenantEffect[] | undefined, what: string): void {
  const refusal = effects?.find((effect) => effect.type === 'event-refused')
  if (refusal === undefined) return
  switch (refusal.code) {
    case 'TEXT_TOO_LARGE':
    case 'STEP_TOO_LARGE':
      throw new CodedError('MEMORY_TEXT_TOO_LARGE', { message: `${what}: the text is too long` })
    case 'NODE_UNKNOWN':
      throw new CodedError('MEMORY_NODE_UNKNOWN', { message: `${what}: there is no such node` })
    case 'EVENT_INVALID':
      throw new TypeError(`${what}: an id, a name, a kind, a text or a weight is not one`)
    case 'THREAD_FULL':
      return assert(false, 'a thread is compressed before it is full')
    case 'EDGE_UNKNOWN':
    case 'NOTHING_CHANGED':
    case 'STEP_KNOWN':
    case 'THREAD_UNKNOWN':
      return undefined
  }
}
