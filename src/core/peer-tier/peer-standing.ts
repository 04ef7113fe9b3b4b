import type { Timestamp } from '../../base/time.ts'
import { HOUR_MS } from '../../base/time.ts'

/**
 * What this node knows of a peer from the answers that it bought: how many of them a check with evidence found right or wrong. An answer that nothing spoke against, and
 * nothing for, says nothing: who is believed without evidence would only confirm what is believed.
 *
 * A peer that lies does so on easy tasks as well, so there is one estimate for all tasks.
 */
export type PeerStanding = {
  /** Weight of answers that evidence confirmed, and of those that it refuted or that never came; each answer weighs 1 when it is counted. */
  readonly good: number
  readonly bad: number
  /** Confirmed answers in a row. */
  readonly streak: number
  /** Answers that were counted, ever. */
  readonly counted: number
  /** Hour of the last count, in hours since 1970; weights halve each hour after it. */
  readonly hour: number
  /** Typical time of a purchase from order to answer; absent until one was delivered. */
  readonly latencyMs?: number
}

export const UNKNOWN_PEER: PeerStanding = { good: 0, bad: 0, streak: 0, counted: 0, hour: 0 }

/** How a bought answer turned out. */
export type PeerVerdict = 'confirmed' | 'refuted' | 'undelivered'

/** Share of right answers, and of wrong ones, that a judge accepts: those of `LIKELIHOOD_RATIOS` in `verify-answer.ts`. */
export const JUDGE_ACCEPTS_RIGHT = 0.85
export const JUDGE_ACCEPTS_WRONG = 0.25
/** Chance that an answer of a peer is right of whom nothing is known. */
const RIGHT_PRIOR = 0.65
/** How many answers the prior weighs, and how many are remembered: a peer that begins to lie is found out within as many. */
const PRIOR_WEIGHT = 8
const MEMORY_WEIGHT = 30
/** How much of what is not known of a peer counts for it, in standard deviations: a good one with a bad start comes back, a liar runs out of doubt. */
const OPTIMISM = 0.5
/** How much the market's own opinion, whose middle says nothing, moves the prior of a peer that this node has not bought from. */
const REPUTATION_WEIGHT = 0.4
const REPUTATION_MIDDLE_PPM = 500_000
/** Share of the newest purchase in the typical time. */
const LATENCY_SHARE = 0.3
/** Half-lives after which nothing is left. */
const HALVINGS_MAX = 30

export type CountedVerdict = {
  readonly verdict: PeerVerdict
  readonly at: Timestamp
  /** How much it counts, above 0 and at most 1. Default 1. */
  readonly weight?: number
}

/** Counts an answer. */
export function countVerdict(standing: PeerStanding, { verdict, at, weight = 1 }: CountedVerdict): PeerStanding {
  const faded = fadeStanding(standing, at)
  const isGood = verdict === 'confirmed'
  const total = faded.good + faded.bad
  const kept = total + weight > MEMORY_WEIGHT ? (MEMORY_WEIGHT - weight) / total : 1
  return {
    ...faded,
    good: faded.good * kept + weight * Number(isGood),
    bad: faded.bad * kept + weight * Number(!isGood),
    streak: isGood ? faded.streak + 1 : 0,
    counted: faded.counted + 1,
  }
}

/** Takes the time of a purchase. */
export function countLatency(standing: PeerStanding, latencyMs: number): PeerStanding {
  const { latencyMs: before = latencyMs } = standing
  return { ...standing, latencyMs: before + LATENCY_SHARE * (latencyMs - before) }
}

/** What is left of it at a later time: after an hour half of the evidence, so that nobody is out for ever for a bad start, and a liar is tried once an hour. A clock that went back fades nothing. */
export function fadeStanding(standing: PeerStanding, at: Timestamp): PeerStanding {
  const hour = Math.floor(at / HOUR_MS)
  const passed = standing.counted === 0 ? 0 : hour - standing.hour
  if (passed <= 0) return standing.counted === 0 ? { ...standing, hour } : standing
  let { good, bad } = standing
  for (let halvings = Math.min(passed, HALVINGS_MAX); halvings > 0; halvings -= 1) {
    good /= 2
    bad /= 2
  }
  return { ...standing, good, bad, streak: 0, hour }
}

export type RightQuestion = {
  /** Of the peer itself. */
  readonly standing: PeerStanding
  /** Of all peers on their first answers. */
  readonly newcomers: PeerStanding
  /** What the market's books say of the seller, 0 to 1,000,000; 500,000 says nothing. */
  readonly reputationPpm: number
  readonly at: Timestamp
}

/**
 * Chance, 0 to 1, that a peer's next answer is right. It rises with the peer's confirmed answers and with its reputation, and falls with refuted ones. Where newcomers turned out
 * to lie, the next one is believed less: another name is no new beginning.
 */
export function chanceOfRight({ standing, newcomers, reputationPpm, at }: RightQuestion): number {
  const pooled = rightOf(fadeStanding(newcomers, at), RIGHT_PRIOR, 2 * PRIOR_WEIGHT)
  const moved = pooled + REPUTATION_WEIGHT * ((reputationPpm - REPUTATION_MIDDLE_PPM) / 1_000_000)
  return rightOf(fadeStanding(standing, at), bounded(moved), PRIOR_WEIGHT)
}

/** A judge errs, and is known to: of what it accepts, the share that is right is computed back. */
function rightOf({ good, bad }: PeerStanding, prior: number, weight: number): number {
  const acceptedPrior = JUDGE_ACCEPTS_WRONG + (JUDGE_ACCEPTS_RIGHT - JUDGE_ACCEPTS_WRONG) * prior
  const total = good + bad + weight
  const accepted = (good + acceptedPrior * weight) / total
  const doubt =
    Math.sqrt((accepted * (1 - accepted)) / total) - Math.sqrt((acceptedPrior * (1 - acceptedPrior)) / weight)
  const hopeful = accepted + OPTIMISM * doubt
  return bounded((hopeful - JUDGE_ACCEPTS_WRONG) / (JUDGE_ACCEPTS_RIGHT - JUDGE_ACCEPTS_WRONG))
}

function bounded(chance: number): number {
  return Math.min(0.99, Math.max(0.01, chance))
}
