import { betOn, NEW_BET, type Bet } from './bet.ts'

/** Votes on answers, and the sum of how bad they were, 0 to 1 each. */
export type Votes = { readonly count: number; readonly bad: number }

/**
 * What people and programs said of the answers of both arms, apart from what the verifier said: it can neither be outvoted by them nor outvote
 * them. A vote on the candidate waits until enough votes on the incumbent came after the one before it, as requests do in `WatchState`.
 */
export type FeedbackWatch = {
  readonly candidate: Votes
  readonly incumbent: Votes
  /** How bad the answers were whose votes wait. */
  readonly waiting: readonly number[]
  readonly block: Votes
  readonly bet: Bet
  /** A mean that the incumbent hardly had; `null` while there is one to compare with, or when there were too few votes. */
  readonly reference: number | null
}

const NO_VOTES: Votes = { count: 0, bad: 0 }

export const NEW_FEEDBACK: FeedbackWatch = {
  candidate: NO_VOTES,
  incumbent: NO_VOTES,
  waiting: [],
  block: NO_VOTES,
  bet: NEW_BET,
  reference: null,
}

const WAITING_MAX = 128

export type Vote = {
  readonly arm: 'candidate' | 'incumbent'
  /** 0 to 1; 1 is good. */
  readonly value: number
  /** As of `Observation`. */
  readonly controlsPerCanary: number
}

/** @param margin  How much worse the candidate's may be on average, 0 to 1. */
export function takeVote(watch: FeedbackWatch, { arm, value, controlsPerCanary }: Vote, margin: number): FeedbackWatch {
  const bad = 1 - value
  if (arm === 'incumbent') {
    const seen = { ...watch, incumbent: add(watch.incumbent, bad), block: add(watch.block, bad) }
    return compareWaiting(seen, controlsPerCanary, margin)
  }
  const counted = { ...watch, candidate: add(watch.candidate, bad) }
  if (controlsPerCanary > 0) {
    const waiting = [...watch.waiting, bad].slice(-WAITING_MAX)
    return compareWaiting({ ...counted, waiting }, controlsPerCanary, margin)
  }
  const { reference, bet } = watch
  return reference === null ? counted : { ...counted, bet: betOn(bet, bad - reference, reference) }
}

function compareWaiting(watch: FeedbackWatch, controlsPerCanary: number, margin: number): FeedbackWatch {
  const { block, bet } = watch
  const [bad, ...waiting] = watch.waiting
  if (bad === undefined || controlsPerCanary === 0 || block.count < controlsPerCanary) return watch
  const difference = bad - block.bad / block.count - margin
  return { ...watch, waiting, block: NO_VOTES, bet: betOn(bet, difference, 1 + margin) }
}

function add({ count, bad }: Votes, more: number): Votes {
  return { count: count + 1, bad: bad + more }
}
