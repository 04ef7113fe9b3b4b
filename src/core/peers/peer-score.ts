import type { DurationMs, Timestamp } from '../../base/time.ts'
import { addDuration, elapsedBetween } from '../../base/time.ts'

/**
 * What a node remembers of another node's conduct as a peer: a sum of points. It is no reputation: it says nothing of work and money, is told to nobody,
 * and is about this connection's rules only. Points go back towards 0 with time, so that a fault of the past is forgiven and a service of the past is no
 * licence.
 */
export type PeerScore = {
  /** `POINTS_MIN` to `POINTS_MAX` at `at`. */
  readonly points: number
  readonly at: Timestamp
  /** How often it was cut off, less one for each `BANS_FORGIVEN_MS` without another. */
  readonly bans: number
  /** `undefined` for a peer that is welcome. */
  readonly bannedUntil: Timestamp | undefined
}

/** What a peer did, with the points that it is worth. */
export const CONDUCT_POINTS = {
  /** It answered some dozens of questions. Little, since answers are cheap. */
  answered: 1,
  /** It sent what is no frame of the protocol, or one that breaks its rules: no version of this program does that. */
  'frame-invalid': -60,
  /** It did not read what it asked for. */
  stalled: -30,
  /** It opened more streams than it may, or streams that it does not use. */
  'streams-flooded': -20,
  /** It sent a gossip message that a validator refused. */
  'message-rejected': -15,
  /** It asked what is no question of the protocol that it speaks. */
  'question-malformed': -15,
  /** It sent a signed message that is wrong, old, or meant for somebody else. A clock that is wrong does that too, so some are forgiven. */
  'message-refused': -5,
} as const

/** What a peer can be reported for: whoever judges its messages names one of these, and `CONDUCT_POINTS` says what it is worth. */
export type Conduct = keyof typeof CONDUCT_POINTS

export const POINTS_MAX = 100
export const POINTS_MIN = -200
/** A peer at or below it is cut off. */
export const CUT_POINTS = -100
/** Points that come back in a minute, or are lost, until there are none. */
const POINTS_PER_MINUTE = 1
/** First time that a peer stays cut off; each further time it is twice as long. */
const BAN_FIRST_MS = 600_000 as DurationMs
const BAN_MAX_MS = 86_400_000
const BANS_FORGIVEN_MS = 7 * 86_400_000
const BANS_MAX = 16

export function newPeerScore(at: Timestamp): PeerScore {
  return { points: 0, at, bans: 0, bannedUntil: undefined }
}

/** The score as it is at `at`: points and bans fade, a ban ends. */
export function scoreAt(score: PeerScore, at: Timestamp): PeerScore {
  const elapsedMs = elapsedBetween(score.at, at)
  const faded = (elapsedMs * POINTS_PER_MINUTE) / 60_000
  const points = score.points > 0 ? Math.max(0, score.points - faded) : Math.min(0, score.points + faded)
  const isOver = score.bannedUntil !== undefined && score.bannedUntil <= at
  const bannedUntil = isOver ? undefined : score.bannedUntil
  const bans = Math.max(0, score.bans - Math.floor(elapsedMs / BANS_FORGIVEN_MS))
  // Who comes back after a ban has little left to lose, and not nothing.
  return { points: isOver ? Math.max(points, CUT_POINTS / 2) : points, at, bans, bannedUntil }
}

export type Judgement = { readonly score: PeerScore; readonly isCut: boolean }

/** The score after `conduct`, and whether the peer is to be cut off now. */
export function judgeConduct(before: PeerScore, conduct: Conduct, at: Timestamp): Judgement {
  const score = scoreAt(before, at)
  const points = Math.min(POINTS_MAX, Math.max(POINTS_MIN, score.points + CONDUCT_POINTS[conduct]))
  if (points > CUT_POINTS || score.bannedUntil !== undefined) return { score: { ...score, points }, isCut: false }
  return {
    score: { ...score, points, bans: Math.min(BANS_MAX, score.bans + 1), bannedUntil: banEnd(score, at) },
    isCut: true,
  }
}

export function isBanned(score: PeerScore, at: Timestamp): boolean {
  return score.bannedUntil !== undefined && at < score.bannedUntil
}

/** The score of a peer that is let in again by order: as after a ban that has ended. What it did is not forgotten with it. */
export function pardoned(before: PeerScore, at: Timestamp): PeerScore {
  const score = scoreAt(before, at)
  if (score.bannedUntil === undefined) return score
  return { ...score, points: Math.max(score.points, CUT_POINTS / 2), bannedUntil: undefined }
}

function banEnd({ bans }: PeerScore, at: Timestamp): Timestamp {
  let spanMs: number = BAN_FIRST_MS
  for (let count = 0; count < bans && spanMs < BAN_MAX_MS; count += 1) spanMs *= 2
  return addDuration(at, Math.min(spanMs, BAN_MAX_MS) as DurationMs)
}
