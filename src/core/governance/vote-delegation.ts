import {
  emptyHashTrie,
  type HashTrie,
  hashTrieDelete,
  hashTrieEntries,
  hashTrieForEach,
  hashTrieGet,
  hashTrieSet,
} from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { GovernanceRefusal } from './governance-refusals.ts'
import { VOTERS_MAX } from './weight-table.ts'

/** Delegations that are followed one after another. */
export const DELEGATION_DEPTH_MAX = 8

/** Whom each voter that delegates names. */
export type Delegations = HashTrie<Did>

/**
 * Of each voter that somebody delegates to: how many delegate to it directly, by the longest path that ends at them, which is 0 to `DELEGATION_DEPTH_MAX - 1`. So a
 * delegation is judged, made and taken back in steps as many as a path is long, however many voters delegate.
 */
export type DelegationDepths = HashTrie<readonly number[]>

export type Delegated = { readonly delegations: Delegations; readonly depths: DelegationDepths }

/** Why a voter who does not delegate cannot delegate to somebody; `undefined` when it can. */
export function findDelegationFault(
  { delegations, depths }: Delegated,
  voter: Did,
  to: Did,
): GovernanceRefusal | undefined {
  if (voter === to) return 'GOVERNANCE_DELEGATION_SELF'
  const below = pathLength(delegations, to, voter)
  if (below === undefined) return 'GOVERNANCE_DELEGATION_CYCLE'
  return depthOf(depths, voter) + 1 + below > DELEGATION_DEPTH_MAX ? 'GOVERNANCE_DELEGATION_DEEP' : undefined
}

/** With a delegation in which there is no fault. */
export function withDelegation({ delegations, depths }: Delegated, voter: Did, to: Did): Delegated {
  const made = hashTrieSet(delegations, voter, to)
  return { delegations: made, depths: counted({ delegations: made, depths }, voter, { isMade: true }) }
}

/** Without the delegation of a voter; the same where it has none. */
export function withoutDelegation(delegated: Delegated, voter: Did): Delegated {
  const { delegations } = delegated
  if (hashTrieGet(delegations, voter) === undefined) return { delegations, depths: delegated.depths }
  const depths = counted(delegated, voter, { isMade: false })
  return { delegations: hashTrieDelete(delegations, voter), depths }
}

/** What is left when only some may delegate and be delegated to. */
export function delegationsAmong({ delegations }: Delegated, isAllowed: (did: Did) => boolean): Delegated {
  let left: Delegated = { delegations: emptyHashTrie(), depths: emptyHashTrie() }
  for (const [from, to] of hashTrieEntries(delegations)) {
    const voter = from as Did
    if (isAllowed(voter) && isAllowed(to)) left = withDelegation(left, voter, to)
  }
  return left
}

/** Delegations in the longest path that ends at a voter. */
function depthOf(depths: DelegationDepths, voter: Did): number {
  const counts = hashTrieGet(depths, voter)
  return counts === undefined ? 0 : counts.findLastIndex((count) => count > 0) + 1
}

/** Counts a delegation that begins at the voter, or counts it no more: along its path as far as that makes paths longer or shorter. */
function counted(
  { delegations, depths: before }: Delegated,
  voter: Did,
  { isMade }: { readonly isMade: boolean },
): DelegationDepths {
  let depths = before
  let at: Did = voter
  let [was, is] = isMade ? [undefined, depthOf(before, voter)] : [depthOf(before, voter), undefined]
  for (let steps = 0; steps <= DELEGATION_DEPTH_MAX && was !== is; steps += 1) {
    const next = hashTrieGet(delegations, at)
    if (next === undefined) return depths
    const depth = depthOf(depths, next)
    const counts = [...(hashTrieGet(depths, next) ?? NONE)]
    if (was !== undefined) counts[was] = (counts[was] ?? 0) - 1
    if (is !== undefined) counts[is] = (counts[is] ?? 0) + 1
    depths = counts.some((count) => count > 0) ? hashTrieSet(depths, next, counts) : hashTrieDelete(depths, next)
    ;[was, is] = [depth, depthOf(depths, next)]
    at = next
  }
  return depths
}

const NONE: readonly number[] = Array.from({ length: DELEGATION_DEPTH_MAX + 1 }, () => 0)

/** Delegations from somebody to the end of its path; `undefined` when the path meets `avoided`. */
function pathLength(delegations: Delegations, from: Did, avoided: Did): number | undefined {
  let at = from
  for (let steps = 0; ; steps += 1) {
    if (at === avoided) return undefined
    const next = hashTrieGet(delegations, at)
    if (next === undefined || steps > DELEGATION_DEPTH_MAX) return steps
    at = next
  }
}

/** Whether every path ends, within the depth, and depths are what the delegations make of them. */
export function areDelegationsSound(delegations: Delegations, depths: DelegationDepths): boolean {
  let isSound = delegations.size <= VOTERS_MAX
  hashTrieForEach(delegations, (to, from) => {
    const below = pathLength(delegations, to, from as Did)
    if (below === undefined || below + 1 > DELEGATION_DEPTH_MAX) isSound = false
  })
  if (!isSound) return false
  const { depths: expected } = delegationsAmong({ delegations, depths }, () => true)
  if (depths.size !== expected.size) return false
  hashTrieForEach(expected, (counts, voter) => {
    if (hashTrieGet(depths, voter)?.join() !== counts.join()) isSound = false
  })
  return isSound
}
