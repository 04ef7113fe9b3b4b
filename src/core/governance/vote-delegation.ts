import { type HashTrie, hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import type { GovernanceRefusal } from './governance-refusals.ts'

/** Delegations that are followed one after another. */
export const DELEGATION_DEPTH_MAX = 8
/** Voters that delegate at most. */
export const DELEGATIONS_MAX = 16_384

/** Whom each voter that delegates names. */
export type Delegations = HashTrie<Did>

/** Why a voter cannot delegate to somebody; `undefined` when it can. Looks at every delegation, since paths through the voter become longer. */
export function findDelegationFault(delegations: Delegations, voter: Did, to: Did): GovernanceRefusal | undefined {
  if (voter === to) return 'GOVERNANCE_DELEGATION_SELF'
  const below = pathLength(delegations, to, voter)
  if (below === undefined) return 'GOVERNANCE_DELEGATION_CYCLE'
  let above = 0
  hashTrieForEach(delegations, (_, from) => {
    const steps = stepsTo(delegations, from as Did, voter)
    if (steps !== undefined && steps > above) above = steps
  })
  return above + 1 + below > DELEGATION_DEPTH_MAX ? 'GOVERNANCE_DELEGATION_DEEP' : undefined
}

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

/** Delegations from somebody to somebody; `undefined` when no path leads there. */
function stepsTo(delegations: Delegations, from: Did, to: Did): number | undefined {
  let at = from
  for (let steps = 0; steps <= DELEGATION_DEPTH_MAX; steps += 1) {
    if (at === to) return steps
    const next = hashTrieGet(delegations, at)
    if (next === undefined) return undefined
    at = next
  }
  return undefined
}

/** Whether every path ends, within the depth. */
export function areDelegationsSound(delegations: Delegations): boolean {
  let isSound = delegations.size <= DELEGATIONS_MAX
  hashTrieForEach(delegations, (to, from) => {
    const below = pathLength(delegations, to, from as Did)
    if (below === undefined || below + 1 > DELEGATION_DEPTH_MAX) isSound = false
  })
  return isSound
}
