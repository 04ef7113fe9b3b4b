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
  /** Chance, 0 to 1, that it has turned: that it lies now, whatever it did before. */
  readonly turned: number
  /** Confirmed answers in a row. */
  readonly streak: number
  /** Answers that were counted, ever. */
  readonly counted: number
  /** Hour of the last count, in hours since 1970; weights halve each hour after it. */
  readonly hour: number
  /** Typical time of a purchase from order to answer; absent until one was delivered. */
  readonly latencyMs?: number
}

export const UNKNOWN_PEER: PeerStanding = { good: 0, bad: 0, turned: 0, streak: 0, counted: 0, hour: 0 }

/** How a bought answer turned out. */
export type PeerVerdict = 'confirmed' | 'refuted' | 'undelivered'

/** Share of right answers, and of wrong ones, that a judge accepts: those of `LIKELIHOOD_RATIOS` in `verify-answer.ts`. */
export const JUDGE_ACCEPTS_RIGHT = 0.85
export const JUDGE_ACCEPTS_WRONG = 0.25
/** Chance that an answer of a peer is right of whom nothing is known. */
const RIGHT_PRIOR = 0.65
/** How many answers the prior weighs, and how many are remembered of a peer that slowly becomes better or worse. */
const PRIOR_WEIGHT = 8
const MEMORY_WEIGHT = 30
/**
 * How often a peer is expected to turn, by an answer. An average of what it did would go on believing a peer that first earned a name and then lies, for as many answers as it
 * remembers; so beside it stands the question whether the peer is the one that it was, as Shiryaev's quickest detection of a change asks it. Twice or half as much moves the time
 * until a liar is found out by an answer or so; what it costs are honest peers that are left alone for an hour after a run of bad luck.
 */
const TURNING_CHANCE = 1 / 200
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
    turned: faded.turned + weight * (turnedAfter(faded, isGood) - faded.turned),
    streak: isGood ? faded.streak + 1 : 0,
    counted: faded.counted + 1,
  }
}

/** What an answer says of the question whether the peer has turned: the odds of a liar beside those of the peer that it was so far. */
function turnedAfter({ good, bad, turned }: PeerStanding, isGood: boolean): number {
  const known = acceptedShare({ good, bad }, { right: RIGHT_PRIOR, weight: PRIOR_WEIGHT })
  // A stranger is as likely to lie as the prior says; one turns from what one has shown.
  const turning = (TURNING_CHANCE * good) / (good + PRIOR_WEIGHT)
  const before = isGood ? turned : turned + turning * (1 - turned)
  // Who is as bad as a liar has nothing to turn from.
  const usual = Math.max(JUDGE_ACCEPTS_WRONG, known)
  const asLiar = before * (isGood ? JUDGE_ACCEPTS_WRONG : 1 - JUDGE_ACCEPTS_WRONG)
  return asLiar / (asLiar + (1 - before) * (isGood ? usual : 1 - usual))
}

/** Takes the time of a purchase. */
export function countLatency(standing: PeerStanding, latencyMs: number): PeerStanding {
  const { latencyMs: before = latencyMs } = standing
  return { ...standing, latencyMs: before + LATENCY_SHARE * (latencyMs - before) }
}

/** What is left of it at a later time: after an hour half of the evidence, so that nobody is out for ever for a bad start, and a liar is tried once in an hour or two. A clock that went back fades nothing. */
export function fadeStanding(standing: PeerStanding, at: Timestamp): PeerStanding {
  const hour = Math.floor(at / HOUR_MS)
  const passed = standing.counted === 0 ? 0 : hour - standing.hour
  if (passed <= 0) return standing.counted === 0 ? { ...standing, hour } : standing
  let { good, bad, turned } = standing
  for (let halvings = Math.min(passed, HALVINGS_MAX); halvings > 0; halvings -= 1) {
    good /= 2
    bad /= 2
    turned /= 2
  }
  return { ...standing, good, bad, turned, streak: 0, hour }
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
  const pooled = rightOf(fadeStanding(newcomers, at), { right: RIGHT_PRIOR, weight: 2 * PRIOR_WEIGHT })
  const moved = pooled + REPUTATION_WEIGHT * ((reputationPpm - REPUTATION_MIDDLE_PPM) / 1_000_000)
  const own = fadeStanding(standing, at)
  return bounded((1 - own.turned) * rightOf(own, { right: bounded(moved), weight: PRIOR_WEIGHT }))
}

/** What is thought before anything is seen, and how many answers that weighs. */
type Prior = { readonly right: number; readonly weight: number }

/** A judge errs, and is known to: of what it accepts, the share that is right is computed back. */
function rightOf(standing: PeerStanding, prior: Prior): number {
  const { weight } = prior
  const total = standing.good + standing.bad + weight
  const [acceptedPrior, accepted] = [acceptedOf(prior.right), acceptedShare(standing, prior)]
  const doubt =
    Math.sqrt((accepted * (1 - accepted)) / total) - Math.sqrt((acceptedPrior * (1 - acceptedPrior)) / weight)
  const hopeful = accepted + OPTIMISM * doubt
  return bounded((hopeful - JUDGE_ACCEPTS_WRONG) / (JUDGE_ACCEPTS_RIGHT - JUDGE_ACCEPTS_WRONG))
}

/** Share of a peer's answers that a judge accepts. */
function acceptedShare({ good, bad }: Pick<PeerStanding, 'good' | 'bad'>, { right, weight }: Prior): number {
  return (good + acceptedOf(right) * weight) / (good + bad + weight)
}

function acceptedOf(right: number): number {
  return JUDGE_ACCEPTS_WRONG + (JUDGE_ACCEPTS_RIGHT - JUDGE_ACCEPTS_WRONG) * right
}

function bounded(chance: number): number {
  return Math.min(0.99, Math.max(0.01, chance))
}
