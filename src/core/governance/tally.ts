import { type HashTrie, hashTrieGet } from '../collections/hash-trie.ts'
import type { Did } from '../evidence/names.ts'
import { DELEGATION_DEPTH_MAX, type Delegations } from './vote-delegation.ts'
import { totalOf, type WeightTable } from './weight-table.ts'

export const VOTE_CHOICES = ['for', 'against', 'abstain'] as const
export type VoteChoice = (typeof VOTE_CHOICES)[number]

/** Sums of weights; what is missing to `total` was not cast. */
export type Tally = Readonly<Record<VoteChoice | 'total', bigint>>

/** Shares in millionths. */
export type VoteRules = { readonly quorumPerMillion: bigint; readonly thresholdPerMillion: bigint }

export type Ballots = {
  readonly weights: WeightTable
  readonly votes: HashTrie<VoteChoice>
  readonly delegations: Delegations
}

/**
 * Counts weights. Each row counts once: by its voter's own vote, else by the vote of the first one on its path of delegations who voted, else not at all. The
 * order of votes has no part in it.
 */
export function tallyOf({ weights, votes, delegations }: Ballots): Tally {
  const sums = { for: 0n, against: 0n, abstain: 0n }
  for (const { voter, weight } of weights.rows) {
    const choice = choiceOf(voter, votes, delegations)
    if (choice !== undefined) sums[choice] += weight
  }
  return { ...sums, total: totalOf(weights) }
}

function choiceOf(voter: Did, votes: HashTrie<VoteChoice>, delegations: Delegations): VoteChoice | undefined {
  let at: Did | undefined = voter
  for (let steps = 0; at !== undefined && steps <= DELEGATION_DEPTH_MAX; steps += 1) {
    const choice = hashTrieGet(votes, at)
    if (choice !== undefined) return choice
    at = hashTrieGet(delegations, at)
  }
  return undefined
}

/** Enough took part, and more than the threshold of what is for and against is for. In integers, so that it is the same everywhere. */
export function isCarried(tally: Tally, { quorumPerMillion, thresholdPerMillion }: VoteRules): boolean {
  const cast = tally.for + tally.against + tally.abstain
  if (cast * 1_000_000n < quorumPerMillion * tally.total) return false
  return tally.for * 1_000_000n > thresholdPerMillion * (tally.for + tally.against)
}
