import type { Did, Hash } from '../evidence/names.ts'

/** What one replica says. */
export type Contribution = {
  readonly replica: Did
  readonly result: Hash
  /** Odds that the replica is right, a whole number of 1 or more: its credibility is `weight / (weight + 1)`. See `replicaWeight`. */
  readonly weight: bigint
}

/** Replicas of one task at most. */
export const REPLICAS_MAX = 32
export const WEIGHT_MAX = 1_000_000n
export const TRUST_MAX = 1_000_000_000n

/**
 * Odds of a replica with `score` valid contributions, after iExec's Proof of Contribution: `max(floor(score / 3), 3) - 1`, so that a newcomer is believed with
 * 2/3 and nobody beyond what it has shown. A wrong result costs a third of the score there.
 */
export function replicaWeight(score: number): bigint {
  const third = BigInt(Math.floor(score / 3))
  const weight = (third > 3n ? third : 3n) - 1n
  return weight > WEIGHT_MAX ? WEIGHT_MAX : weight
}

/** Score after one more contribution: one more when it was valid, two thirds of it, rounded down, when it was not. */
export function nextReplicaScore(score: number, isValid: boolean): number {
  return isValid ? score + 1 : score - Math.ceil(score / 3)
}

/**
 * The result whose credibility reaches `1 - 1 / trust`, or `undefined`.
 *
 * ```text
 * odds of the group that says r    o_r = product of the odds of its replicas
 * credibility of r                 o_r / (1 + sum of o over all groups)      the 1 stands for: all of them are wrong
 * reached                          o_r * trust >= (1 + sum) * (trust - 1)
 * ```
 *
 * Sarmenta, Sabotage-tolerance mechanisms for volunteer computing systems, Future Generation Computer Systems 18(4), 2002 (credibility of result groups):
 * `P(G_r good) * prod P(G_i bad) / (prod P(G_i bad) + sum_j P(G_j good) * prod P(G_i bad))`, divided by `prod P(G_i bad)`. The threshold as `1 - 1 / trust` is
 * that of iExec's Proof of Contribution. Whole numbers throughout.
 */
export function findCredibleResult(
  contributions: readonly Contribution[],
  { trust, quorum }: { readonly trust: bigint; readonly quorum: number },
): Hash | undefined {
  const groups = new Map<Hash, { weight: bigint; size: number }>()
  for (const { result, weight } of contributions) {
    const group = groups.get(result) ?? { weight: 1n, size: 0 }
    groups.set(result, { weight: group.weight * weight, size: group.size + 1 })
  }
  let total = 0n
  for (const { weight } of groups.values()) total += weight
  const reached = [...groups].filter(
    ([, { weight, size }]) => size >= quorum && weight * trust >= (1n + total) * (trust - 1n),
  )
  // Below a threshold of a half several may reach it: the heaviest is taken, and none when two are as heavy.
  const [first, second] = reached.toSorted(
    ([, left], [, right]) => Number(right.weight > left.weight) - Number(right.weight < left.weight),
  )
  return first === undefined || second?.[1].weight === first[1].weight ? undefined : first[0]
}
